//! Reading the options of a scenario: times that may be negative, numbers of VUs and rates that `load` scales, and
//! which of them are given but make no sense.

use crate::duration;
use crate::engine::dist::Dist;
use crate::field::Field;
use crate::meant::instead_of_time;
use crate::raw_scenario::RawStage;
use crate::section::Section;
use std::cell::RefCell;

/// Reads options; notes which of them are given but make no sense.
pub(super) struct Options<'s, 'a> {
    pub(super) section: &'s Section<'a>,
    pub(super) unreadable: RefCell<Vec<&'static str>>,
    /// Factor on VUs and rates, and whether they must stay whole.
    pub(super) load: f64,
    pub(super) whole: bool,
}

impl<'a> Options<'_, 'a> {
    pub(super) fn read<T>(
        &self,
        key: &'static str,
        read: impl Fn(&Field<'a>) -> Option<T>,
    ) -> Option<T> {
        let field = self.section.optional(key)?;
        let value = read(&field);
        if value.is_none() {
            self.unreadable.borrow_mut().push(key);
        }
        value
    }

    pub(super) fn time(&self, key: &'static str) -> Option<i64> {
        self.read(key, signed_span)
    }

    pub(super) fn number(&self, key: &'static str) -> Option<f64> {
        self.read(key, |field| field.number(f64::MIN, f64::MAX))
    }

    /// A number of VUs or a rate.
    pub(super) fn scaled(&self, key: &'static str) -> Option<f64> {
        self.number(key).map(|number| self.scale(number))
    }

    pub(super) fn scale(&self, number: f64) -> f64 {
        if self.load == 1.0 {
            return number;
        }
        let product = number * self.load;
        match (product.round(), self.whole) {
            (_, false) => product,
            // What is there at all stays there.
            (rounded, true) if rounded == 0.0 && number >= 1.0 => 1.0,
            (rounded, true) => rounded,
        }
    }

    /// A time between arrivals: of twice the load it is half as long.
    pub(super) fn shortened(&self, gap: &Dist) -> Dist {
        match self.load == 1.0 {
            true => gap.clone(),
            false => gap.scaled(1.0 / self.load),
        }
    }

    pub(super) fn stages(&self) -> Option<Vec<RawStage>> {
        self.read("stages", |list| {
            let stages: Vec<Option<RawStage>> = list
                .items()?
                .iter()
                .map(|stage| self.stage(stage))
                .collect();
            stages.into_iter().collect()
        })
    }

    fn stage(&self, field: &Field<'a>) -> Option<RawStage> {
        let section = field.section()?;
        let (duration, target) = (section.optional("duration"), section.optional("target"));
        let good = |value: bool, given: bool| value || !given;
        let span = duration.as_ref().and_then(signed_span);
        let number = target.as_ref().and_then(|f| f.number(f64::MIN, f64::MAX));
        let sound = good(span.is_some(), duration.is_some());
        let sound = good(number.is_some(), target.is_some()) && sound;
        let target = number.map(|number| self.scale(number));
        sound.then_some(RawStage {
            duration: span,
            target,
        })
    }
}

/// A length of time that may be negative: k6's checks have words of their own for it.
fn signed_span(field: &Field) -> Option<i64> {
    let text = match field.text_if_any() {
        Some(text) => text,
        None => return field.span().map(|_| 0),
    };
    let wrong = |why| {
        let message = format!("`{}` is not a time: {why}", field.name());
        field.error(message, instead_of_time(text));
    };
    duration::parse_signed(text).map_err(wrong).ok()
}

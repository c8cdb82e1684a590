//! The step `choose`: one of several alternatives, by weight.

use super::program::Program;
use super::steps::body;
use crate::field::Field;
use crate::section::Section;

/// Writes the alternatives one after another: each is taken with its share of the weight that is left.
pub(super) fn choose<'a>(program: &mut Program<'_, 'a>, list: &Field<'a>) {
    const EXAMPLE: &str =
        "choose = [{ weight = 70, steps = [ … ] }, { weight = 30, steps = [ … ] }]";
    let Some(items) = list.some_items(EXAMPLE) else {
        return;
    };
    let alternatives: Vec<(f64, Section)> = items.iter().filter_map(alternative).collect();
    let mut left: f64 = alternatives.iter().map(|(weight, _)| weight).sum();
    let usable = left > 0.0 && left.is_finite();
    if !usable && !alternatives.is_empty() {
        list.error(
            "the weights of `choose` add up to no number above zero",
            "give at least one alternative a weight, such as 1",
        );
    }
    let mut ends = Vec::new();
    let last = alternatives.len().saturating_sub(1);
    for (index, (weight, section)) in alternatives.iter().enumerate() {
        let others = (index < last).then(|| {
            let share = if left > 0.0 { weight / left } else { 0.0 };
            program.jump_with((1.0 - share).clamp(0.0, 1.0))
        });
        left -= weight;
        if let Some(steps) = section.optional("steps") {
            body(program, &steps, 1);
        }
        if let Some(others) = others {
            ends.push(program.jump());
            program.land(others);
        }
    }
    for end in ends {
        program.land(end);
    }
}

fn alternative<'a>(item: &Field<'a>) -> Option<(f64, Section<'a>)> {
    let section = item.section()?;
    // A wrong weight has been told; the steps are read all the same.
    let weight = section.real("weight");
    Some((weight.unwrap_or(1.0), section))
}

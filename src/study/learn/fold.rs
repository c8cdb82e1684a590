//! Which requests are of one endpoint.

use std::collections::BTreeMap;

use super::{Learner, MOST_ENDPOINTS};
use crate::formats::path;

/// Paths of which no request was ever answered, such as bots try by the thousand.
const NOT_THERE: &str = "(paths that are not there)";

/// All others.
const OTHER: &str = "(other paths)";

/// Paths that are shown of an endpoint.
const EXAMPLES: usize = 2;

/// Answers that say so.
fn is_not_there(status: u16) -> bool {
    matches!(status, 400 | 404 | 405 | 408 | 410 | 414 | 444)
}

impl Learner {
    /// Folds templates, and all but the most frequent into one. Gives the new place of each.
    pub(super) fn fold(&mut self) -> Vec<u16> {
        let mut counts = vec![0_u64; self.templates.len()];
        for request in &self.requests {
            counts[usize::from(request.endpoint)] += 1;
        }
        let there = self.there(&counts);
        let of_those = |k: usize| there[k].then(|| (self.templates[k].clone(), counts[k]));
        let (known, own): (Vec<String>, Vec<u64>) = (0..counts.len()).filter_map(of_those).unzip();
        let mut known = path::fold(&known, &own).into_iter();
        let one = |there: &bool| match there {
            true => known.next().unwrap_or_default(),
            false => NOT_THERE.to_string(),
        };
        let folded: Vec<String> = there.iter().map(one).collect();
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (template, count) in folded.iter().zip(&counts) {
            *sums.entry(template).or_default() += count;
        }
        let mut order: Vec<(&str, u64)> = sums.into_iter().collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let kept: Vec<String> = order
            .iter()
            .take(MOST_ENDPOINTS)
            .map(|(t, _)| (*t).to_string())
            .collect();
        let other = kept.len();
        let place = |template: &String| kept.iter().position(|k| k == template).unwrap_or(other);
        let places: Vec<usize> = folded.iter().map(place).collect();
        self.gather(kept, &places);
        places.into_iter().map(|place| place as u16).collect()
    }

    /// Which templates are there: one alone that is not is kept as it is.
    fn there(&self, counts: &[u64]) -> Vec<bool> {
        let missing = |(k, count): (usize, &u64)| {
            let of = self.failures[k]
                .iter()
                .filter(|(status, _)| is_not_there(**status));
            of.map(|(_, count)| count).sum::<u64>() < *count
        };
        let there: Vec<bool> = counts.iter().enumerate().map(missing).collect();
        match there.iter().filter(|there| !**there).count() {
            0 | 1 => vec![true; there.len()],
            _ => there,
        }
    }

    /// Puts together what was kept for each template: those of a place, and all others behind them.
    fn gather(&mut self, kept: Vec<String>, places: &[usize]) {
        let other = kept.len();
        let mut failures = vec![BTreeMap::new(); other + 1];
        for (place, own) in places.iter().zip(&self.failures) {
            for (status, count) in own {
                *failures[*place].entry(*status).or_default() += count;
            }
        }
        self.failures = failures;
        self.templates = kept;
        self.templates.push(OTHER.to_string());
        self.index.clear();
        for place in places {
            *self
                .index
                .entry(self.templates[*place].clone())
                .or_default() += 1;
        }
        let mut examples = vec![Vec::new(); other + 1];
        for (place, example) in places.iter().zip(std::mem::take(&mut self.examples)) {
            if examples[*place].len() < EXAMPLES && !example.is_empty() {
                examples[*place].push(example);
            }
        }
        self.shown = examples;
    }
}

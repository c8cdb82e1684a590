//! What a run cost.

use crate::model::Model;
use crate::report::resources::{aligned, amount};
use crate::study::cost::{Item, items, total};
use crate::world::outcome::Outcome;

/// The bill of a run; nothing for a model without prices.
#[must_use]
pub fn table(outcome: &Outcome, model: &Model) -> String {
    let Some(prices) = &model.prices else {
        return String::new();
    };
    let items = items(model, outcome);
    let (all, each) = total(&items, outcome);
    let mut rows = vec![["cost of", "amount", "price", &prices.currency].map(str::to_owned)];
    rows.extend(items.iter().map(row));
    rows.push(["the test".into(), String::new(), String::new(), money(all)]);
    if let Some(each) = each {
        let what = "a thousand iterations".into();
        rows.push([what, String::new(), String::new(), money(each)]);
    }
    format!("\n  What it cost:\n\n{}", aligned(&rows))
}

fn row(item: &Item) -> [String; 4] {
    let amount = match item.hours {
        true => format!("{} h", amount(item.amount)),
        false => format!("{:.0}", item.amount),
    };
    [
        item.what.clone(),
        amount,
        item.price.to_string(),
        money(item.cost()),
    ]
}

/// Four decimals, because a test is short.
fn money(amount: f64) -> String {
    format!("{amount:.4}")
}

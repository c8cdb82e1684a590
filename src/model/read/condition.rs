//! Conditions, as texts.

use crate::model::field::Field;
use crate::model::journey::Condition;
use crate::model::nearest::suggestion;

const PLAIN: [(&str, Condition); 7] = [
    ("always", Condition::Always),
    ("ok", Condition::Ok),
    ("failed", Condition::Failed),
    ("admitted", Condition::Admitted),
    ("unsuccessful", Condition::Unsuccessful),
    ("nothing_free", Condition::NothingFree),
    ("has_token", Condition::UserHasToken),
];

/// Reads a condition.
pub(super) fn read(field: &Field) -> Option<Condition> {
    let text = field.text()?;
    let condition = parse(text);
    if condition.is_none() {
        let known = PLAIN.iter().map(|(name, _)| *name).chain(["status 409"]);
        let message = format!("`{text}` is no condition");
        field.error(message, suggestion(text, "conditions", known));
    }
    condition
}

/// The condition of a text, if it is one.
pub(super) fn parse(text: &str) -> Option<Condition> {
    if let Some(digits) = text.strip_prefix("status ") {
        let status: u16 = digits.trim().parse().ok()?;
        return (status < 600).then_some(Condition::Status(status));
    }
    let known = PLAIN.iter().find(|(name, _)| *name == text);
    known.map(|(_, condition)| *condition)
}

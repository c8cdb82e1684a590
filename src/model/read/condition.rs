//! Conditions, as texts.

use crate::field::Field;
use crate::journey::Condition;
use crate::suggest::suggestion;
use crate::vocabulary::{Choice, Kind, Type};

/// A condition.
pub(crate) static CONDITION: Type = Type {
    name: "condition",
    about: "What may be asked of the last answer: `ok` (status below 400), `failed` (not so), `status N`, `unsuccessful` (failed, or nothing was free to pick), `nothing_free` (the list had no free seat), `admitted` (by the waiting room), `has_token` (the user has one); `always` holds.",
    kind: Kind::Either(&[
        Kind::Choice(&PLAIN),
        Kind::Pattern("^status +0*[0-5]?[0-9]?[0-9] *$", "status 409"),
    ]),
};

static PLAIN: Choice<Condition> = Choice::of(
    "condition",
    "conditions",
    &[
        ("always", Condition::Always),
        ("ok", Condition::Ok),
        ("failed", Condition::Failed),
        ("admitted", Condition::Admitted),
        ("unsuccessful", Condition::Unsuccessful),
        ("nothing_free", Condition::NothingFree),
        ("has_token", Condition::UserHasToken),
    ],
);

/// Reads a condition.
pub(super) fn read(field: &Field) -> Option<Condition> {
    let text = field.text()?;
    let condition = parse(text);
    if condition.is_none() {
        let known = PLAIN
            .pairs
            .iter()
            .map(|(name, _)| *name)
            .chain(["status 409"]);
        let message = format!("`{text}` is not a condition");
        let fix = match meant(text) {
            Some(meant) => format!("write \"{meant}\""),
            None => suggestion(text, "conditions", known),
        };
        field.error(message, fix);
    }
    condition
}

/// The condition that is meant by an expression of a script, such as `r => r.status === 200`.
pub(super) fn meant(text: &str) -> Option<String> {
    let (_, compared) = text.rsplit_once("status")?;
    let number = compared.trim_start().strip_prefix("==")?;
    let number = number.strip_prefix('=').unwrap_or(number);
    let digits = number.trim().trim_end_matches([';', ')', '}']).trim_end();
    let condition = format!("status {digits}");
    parse(&condition).map(|_| condition)
}

/// The condition of a text, if it is one.
pub(super) fn parse(text: &str) -> Option<Condition> {
    if let Some(digits) = text.strip_prefix("status ") {
        let status: u16 = digits.trim().parse().ok()?;
        return (status < 600).then_some(Condition::Status(status));
    }
    let known = PLAIN.pairs.iter().find(|(name, _)| *name == text);
    known.map(|(_, condition)| *condition)
}

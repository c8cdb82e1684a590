//! The colours of a summary on a terminal: ANSI sequences, or nothing.

/// What a piece of text is; decides its colour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ink {
    /// A passed check or threshold.
    Good,
    /// A failed one.
    Bad,
    /// A metric's main value or a statistic.
    Value,
    /// What stands beside the main value.
    Extra,
    /// The dots that lead from a name to its values.
    Dots,
    /// A heading.
    Heading,
    /// A threshold's expression.
    Expression,
}

/// Colours text, or leaves it alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    /// Whether to colour at all.
    pub(crate) color: bool,
    /// Whether the sequences are those of the legacy layout; they differ in faint text only.
    pub(crate) legacy: bool,
}

impl Paint {
    /// The text in the colour of its ink.
    pub(crate) fn ink(self, ink: Ink, text: &str) -> String {
        if self.color {
            format!("\x1b[{}m{text}\x1b[0m", self.code(ink))
        } else {
            text.to_owned()
        }
    }

    /// The parameters of the escape sequence, as k6 v0.53.0 and v2.2.0 write them.
    fn code(self, ink: Ink) -> &'static str {
        match (ink, self.legacy) {
            (Ink::Good, _) => "32",
            (Ink::Bad, _) => "31",
            (Ink::Value, _) => "36",
            (Ink::Extra, true) => "36;2",
            (Ink::Extra, false) => "2;36",
            (Ink::Dots, true) => "2",
            (Ink::Dots, false) => "2;37",
            (Ink::Heading, _) => "1",
            (Ink::Expression, _) => "37",
        }
    }
}

//! Names without control characters: what a model calls a thing can be shown on a terminal and written to XML.

use std::borrow::Cow;

/// The text with every control character replaced by a character that shows it: `␛` for ESC, `␊` for a line
/// break. Characters that reorder text, which can make a name look like another one, count as such.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, is_control)
}

/// As [`visible`], of a text of several lines: tabs and line breaks stay, also those of Windows.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    let hidden = |c| is_control(c) && !matches!(c, '\n' | '\t');
    if text.contains("\r\n") {
        let text = text.replace("\r\n", "\n");
        return Cow::Owned(replaced(&text, hidden).into_owned());
    }
    replaced(text, hidden)
}

fn replaced(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Nearly every text is of these bytes alone, and builds without optimisation need ten times as long for the test by `char`.
    let harmless = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if harmless || !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let shown = |c| if hidden(c) { picture(c) } else { c };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Whether a terminal acts on the character instead of showing it, or XML forbids it.
fn is_control(c: char) -> bool {
    // Separators of lines and paragraphs; embeddings, overrides and isolates of writing direction; no characters.
    let reorders = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A character that stands for a control character: Unicode has pictures of the ASCII ones.
fn picture(c: char) -> char {
    match u32::from(c) {
        ascii @ 0..0x20 => char::from_u32(0x2400 + ascii).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_do_nothing() {
        assert_eq!(visible("a\u{1b}[31mb\nc\u{7f}"), "a␛[31mb␊c␡");
        assert_eq!(visible("\u{9b}2J\u{202e}x\u{2028}"), "�2J�x�");
        assert_eq!(visible_lines("a\r\n\tb\u{7}\rc"), "a\n\tb␇␍c");
        assert!(matches!(visible("Café 東京 ✓"), Cow::Borrowed(_)));
    }
}

//! How deep a TOML text nests, found before there is a tree of it: a dotted key in an inline table in a list and so on
//! multiplies what the parser allows of each (80), and a tree of some thousand levels exhausts the stack of a thread
//! when it is dropped.

use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, parse_document, parse_value};
use toml_parser::{ErrorSink, Source, Span};

/// Deeper nesting is refused, so that no walk over a tree exhausts the stack.
pub(crate) const DEEPEST: usize = 64;

/// The first place of a document that nests too deep.
pub(crate) fn too_deep_in_document(text: &str) -> Option<Span> {
    let mut levels = Levels::default();
    let tokens = Source::new(text).lex().into_vec();
    parse_document(&tokens, &mut levels, &mut ());
    levels.too_deep
}

/// The first place of a value that nests too deep.
pub(crate) fn too_deep_in_value(text: &str) -> Option<Span> {
    let mut levels = Levels::default();
    let tokens = Source::new(text).lex().into_vec();
    parse_value(&tokens, &mut levels, &mut ());
    levels.too_deep
}

/// Counts levels as the parser goes along.
#[derive(Default)]
struct Levels {
    /// Of the header that one is below.
    header: usize,
    /// Of the key outside of all brackets.
    key: usize,
    /// Of each open bracket: 1 for a list, those of the key for an inline table.
    brackets: Vec<usize>,
    in_header: bool,
    /// The next part of a key belongs to those before it.
    goes_on: bool,
    too_deep: Option<Span>,
}

impl Levels {
    fn open(&mut self, levels: usize, at: Span) -> bool {
        self.brackets.push(levels);
        self.goes_on = false;
        self.check(at)
    }

    /// Whether one may go deeper.
    fn check(&mut self, at: Span) -> bool {
        let depth = self.header + self.key + self.brackets.iter().sum::<usize>();
        // The brackets are counted, too: those of empty inline tables have no level.
        let fits = depth.max(self.brackets.len()) <= DEEPEST;
        if !fits {
            self.too_deep.get_or_insert(at);
        }
        fits
    }

    fn begin_header(&mut self, levels: usize) {
        (self.header, self.key, self.goes_on) = (levels, 0, false);
        self.in_header = true;
        self.brackets.clear();
    }
}

impl EventReceiver for Levels {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.begin_header(0);
    }

    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.begin_header(1);
    }

    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn inline_table_open(&mut self, at: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(0, at)
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.brackets.pop();
    }

    fn array_open(&mut self, at: Span, _: &mut dyn ErrorSink) -> bool {
        self.open(1, at)
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.brackets.pop();
    }

    fn simple_key(&mut self, at: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        let goes_on = std::mem::take(&mut self.goes_on);
        let levels = match (self.in_header, self.brackets.last_mut()) {
            (true, _) => &mut self.header,
            (false, Some(bracket)) => bracket,
            (false, None) => &mut self.key,
        };
        *levels = if goes_on || self.in_header {
            *levels + 1
        } else {
            1
        };
        self.check(at);
    }

    fn key_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.goes_on = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth_fits(text: &str) -> bool {
        too_deep_in_document(text).is_none()
    }

    #[test]
    fn levels_of_headers_keys_lists_and_inline_tables_add_up() {
        // 3 of the header, 2 of the key, 1 of the list, 2 of the inline table, 1 of each further list.
        let nested = |lists: usize| {
            let (open, close) = ("[".repeat(lists), "]".repeat(lists));
            format!("[a.b.c]\nd.e = [{{ f.g = {open}1{close} }}]\n")
        };
        assert!(depth_fits(&nested(DEEPEST - 8)));
        assert!(!depth_fits(&nested(DEEPEST - 7)));
    }

    #[test]
    fn what_stands_side_by_side_does_not_add_up() {
        let wide = "[[a]]\nb.c = [[1], [2], { d = 1, e.f = [] }, {}]\nx = [[]]\n".repeat(1000);
        assert!(depth_fits(&wide));
        assert!(depth_fits(&format!(
            "a = [{}]",
            "{ b.c = [1] }, ".repeat(1000)
        )));
    }

    #[test]
    fn the_place_is_where_it_gets_too_deep() {
        let at = |text: &str| too_deep_in_value(text).map(|span| span.start());
        assert_eq!(at(&"[".repeat(100_000)), Some(DEEPEST));
        assert_eq!(at(&"{a=".repeat(100_000)), Some(3 * DEEPEST));
        assert_eq!(at("[[1], { a = 2 }]"), None);
    }
}

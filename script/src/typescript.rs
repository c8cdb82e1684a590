//! TypeScript as JavaScript: types become spaces, so that all else keeps its line and column.
//!
//! What TypeScript adds beside types is rewritten in its place: enums, parameters that are properties, `import x =
//! require()`. Imports that no value of the file uses are left out, as k6's compiler (esbuild) does.

mod visit;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    BindingPatternKind, ExportNamedDeclaration, Expression, Function, ImportDeclaration,
    ImportDeclarationSpecifier, ImportOrExportKind, Statement, TSEnumDeclaration, TSEnumMemberName,
};
use oxc_ast_visit::Visit;
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};

/// The JavaScript of a text in TypeScript.
///
/// # Errors
/// What is wrong with it, with the line and column behind.
pub(crate) fn stripped(text: &str) -> Result<String, (String, usize, usize)> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::ts()).parse();
    if let Some(error) = parsed.errors.first() {
        let label = error.labels.as_ref().and_then(|labels| labels.first());
        let at = label.map_or(0, |label| label.offset());
        let (line, column) = place(text, at);
        return Err((error.message.to_string(), line, column));
    }
    let mut strip = Strip {
        text,
        edits: Vec::new(),
        values: BTreeSet::new(),
        types: BTreeSet::new(),
        refused: None,
    };
    strip.visit_program(&parsed.program);
    for statement in &parsed.program.body {
        match statement {
            Statement::ImportDeclaration(import) => strip.import(import),
            Statement::ExportNamedDeclaration(export) => strip.exported_names(export),
            _ => {}
        }
    }
    if let Some((at, what)) = strip.refused {
        let (line, column) = place(text, at as usize);
        return Err((what.to_owned(), line, column));
    }
    Ok(strip.written())
}

/// Line and column, from 1, of a byte.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    (line, column)
}

/// Collects what changes in a text.
struct Strip<'t> {
    text: &'t str,
    /// What stands in the place of a part; spaces, if nothing.
    edits: Vec<(u32, u32, Option<String>)>,
    /// Names that values use.
    values: BTreeSet<String>,
    /// Names of types that the file declares.
    types: BTreeSet<String>,
    /// What cannot be rewritten.
    refused: Option<(u32, &'static str)>,
}

impl Strip<'_> {
    fn blank(&mut self, span: Span) {
        self.edits.push((span.start, span.end, None));
    }

    /// Blanks the part between two bytes.
    fn between(&mut self, start: u32, end: u32) {
        if start < end {
            self.edits.push((start, end, None));
        }
    }

    fn insert(&mut self, at: u32, text: String) {
        self.edits.push((at, at, Some(text)));
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Blanks a list's element with the comma behind it.
    fn element(&mut self, span: Span) {
        let rest = self.slice(span.end, self.text.len() as u32);
        let space = rest.len() - rest.trim_start().len();
        let comma = rest.trim_start().starts_with(',');
        let end = span.end + if comma { space as u32 + 1 } else { 0 };
        self.between(span.start, end);
    }

    /// Blanks a mark, `?` or `!`, that is the first thing behind a place.
    fn mark(&mut self, from: u32, mark: char) {
        let rest = self.slice(from, self.text.len() as u32);
        let space = (rest.len() - rest.trim_start().len()) as u32;
        if rest.trim_start().starts_with(mark) {
            self.between(from + space, from + space + 1);
        }
    }

    /// Blanks the words of TypeScript between two places.
    fn modifiers(&mut self, start: u32, end: u32) {
        const WORDS: [&str; 7] = [
            "public",
            "private",
            "protected",
            "readonly",
            "override",
            "abstract",
            "declare",
        ];
        let part = self.slice(start, end).to_owned();
        let mut at = 0;
        for word in part.split_inclusive(char::is_whitespace) {
            let plain = word.trim_end();
            if WORDS.contains(&plain) {
                self.between(start + at, start + at + plain.len() as u32);
            }
            at += word.len() as u32;
        }
    }

    /// Leaves out what no value uses.
    fn import(&mut self, import: &ImportDeclaration) {
        if import.import_kind == ImportOrExportKind::Type {
            return self.blank(import.span);
        }
        let Some(specifiers) = &import.specifiers else {
            return;
        };
        let mut unused = Vec::new();
        for specifier in specifiers {
            let (local, typed) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(s) => {
                    (&s.local, s.import_kind == ImportOrExportKind::Type)
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(s) => (&s.local, false),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(s) => (&s.local, false),
            };
            if typed || !self.values.contains(local.name.as_str()) {
                unused.push(specifier.span());
            }
        }
        if !unused.is_empty() && unused.len() == specifiers.len() {
            return self.blank(import.span);
        }
        for span in unused {
            self.element(span);
        }
    }

    /// Leaves out the types among exported names.
    fn exported_names(&mut self, export: &ExportNamedDeclaration) {
        if export.export_kind == ImportOrExportKind::Type || export.declaration.is_some() {
            return;
        }
        for specifier in &export.specifiers {
            let name = specifier.local.name();
            let typed = specifier.export_kind == ImportOrExportKind::Type;
            if typed || export.source.is_none() && self.types.contains(name.as_str()) {
                self.element(specifier.span);
            }
        }
    }

    /// The text with all changes.
    fn written(mut self) -> String {
        // Of parts within each other the outer one counts.
        self.edits
            .sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let mut out = String::with_capacity(self.text.len());
        let mut at = 0;
        for (start, end, with) in &self.edits {
            let (start, end) = (*start as usize, *end as usize);
            if start < at {
                continue;
            }
            out += &self.text[at..start];
            match with {
                Some(text) => out += text,
                None => {
                    let blank = |c: char| if matches!(c, '\n' | '\r') { c } else { ' ' };
                    out.extend(self.text[start..end].chars().map(blank));
                }
            }
            at = end;
        }
        out + &self.text[at..]
    }

    /// An enum as an object with its members.
    fn enumeration(&mut self, it: &TSEnumDeclaration) {
        let name = it.id.name.as_str();
        let mut code = format!("var {name} = (({name}) => {{");
        let mut last: Option<String> = None;
        for member in &it.body.members {
            let key = match &member.id {
                TSEnumMemberName::Identifier(id) => id.name.as_str(),
                TSEnumMemberName::String(text) | TSEnumMemberName::ComputedString(text) => {
                    text.value.as_str()
                }
                TSEnumMemberName::ComputedTemplateString(_) => {
                    self.refused =
                        Some((member.span.start, "a template names a member of an enum"));
                    return;
                }
            };
            let quoted = format!("{key:?}");
            let plain = key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
            let declared = match plain && !key.starts_with(|c: char| c.is_ascii_digit()) {
                true => format!("const {key} = "),
                false => String::new(),
            };
            let (value, text) = match (&member.initializer, &last) {
                (Some(init), _) => {
                    let span = init.span();
                    let text = matches!(
                        init,
                        Expression::StringLiteral(_) | Expression::TemplateLiteral(_)
                    );
                    (format!("({})", self.slice(span.start, span.end)), text)
                }
                (None, Some(last)) => (format!("{name}[{last}] + 1"), false),
                (None, None) => ("0".to_owned(), false),
            };
            write!(code, " {declared}{name}[{quoted}] = {value};").ok();
            if !text {
                write!(code, " {name}[{name}[{quoted}]] = {quoted};").ok();
            }
            last = Some(quoted);
        }
        write!(code, " return {name}; }})({{}});").ok();
        // Lines below keep their numbers.
        let span = it.span;
        code.extend(
            self.slice(span.start, span.end)
                .chars()
                .filter(|c| *c == '\n'),
        );
        self.edits.push((span.start, span.end, Some(code)));
    }

    /// Parameters of a constructor that are properties, too.
    fn properties(&mut self, function: &Function) {
        let Some(body) = &function.body else {
            return;
        };
        let mut code = String::new();
        for parameter in &function.params.items {
            if parameter.accessibility.is_none() && !parameter.readonly && !parameter.r#override {
                continue;
            }
            let id = match &parameter.pattern.kind {
                BindingPatternKind::AssignmentPattern(pattern) => &pattern.left.kind,
                kind => kind,
            };
            if let BindingPatternKind::BindingIdentifier(id) = id {
                write!(code, " this.{0} = {0};", id.name).ok();
            }
        }
        if code.is_empty() {
            return;
        }
        let is_super = |s: &&Statement| match s {
            Statement::ExpressionStatement(s) => match &s.expression {
                Expression::CallExpression(call) => matches!(call.callee, Expression::Super(_)),
                _ => false,
            },
            _ => false,
        };
        let first = body.statements.iter().find(is_super);
        let at = first.map_or(body.span.start + 1, |s| s.span().end);
        self.insert(
            at,
            if first.is_some() {
                format!(";{code}")
            } else {
                code
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::stripped;

    /// Rows of a text without what is between words.
    fn words(text: &str) -> Vec<String> {
        let rows = text.lines();
        rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    fn of(text: &str) -> Vec<String> {
        words(&stripped(text).unwrap())
    }

    #[test]
    fn types_become_spaces_and_all_else_stays_in_its_place() {
        let text = "const a: number = 1 as any;\nlet b!: string; f<string>(a!, <T>b);\nconst g = (x?: number): void => x;\n";
        let plain = stripped(text).unwrap();
        assert_eq!(plain.len(), text.len());
        assert_eq!(plain.find("x;"), text.find("x;"));
        assert_eq!(
            of(text),
            [
                "const a = 1 ;",
                "let b ; f (a , b);",
                "const g = (x ) => x;"
            ]
        );
    }

    #[test]
    fn an_arrow_stands_in_the_line_where_its_parameters_end() {
        let text = "const f = (\n  x: number,\n): {\n  y: number;\n} => ({ y: x });\n";
        let written = stripped(text).unwrap();
        assert_eq!(
            written.lines().nth(4).unwrap().trim_start(),
            ") => ({ y: x });"
        );
        assert_eq!(written.lines().count(), text.lines().count());
    }

    #[test]
    fn declarations_of_types_are_left_out() {
        let text = "interface A { a: number }\nexport type B = A | string;\ndeclare const c: A;\n\
            function f(a: string): void;\nfunction f(a: any) {}\nexport { A, f };\n";
        let left = ["", "", "", "", "function f(a ) {}", "export { f };"];
        assert_eq!(of(text), left);
    }

    #[test]
    fn imports_that_no_value_uses_are_left_out() {
        let text = "import http, { Response } from 'k6/http';\nimport { Options } from 'k6/options';\n\
            import type { X } from './x';\nimport { a, type T } from './a';\nimport './side';\n\
            const o: Options = { r: http.get(a) as Response };\n";
        let left = [
            "import http, { } from 'k6/http';",
            "",
            "",
            "import { a, } from './a';",
            "import './side';",
            "const o = { r: http.get(a) };",
        ];
        assert_eq!(of(text), left);
    }

    #[test]
    fn classes_keep_what_runs() {
        let text = "abstract class A<T> extends B<T> implements C, D {\n  private readonly x: T[] = [];\n  declare y: T;\n\
            constructor(private z: number, w?: T) { super(w); }\n  abstract run(): void;\n  protected go?(): void {}\n}\n";
        let left = [
            "class A extends B {",
            "x = [];",
            "",
            "constructor( z , w ) { super(w);; this.z = z; }",
            "",
            "go () {}",
            "}",
        ];
        assert_eq!(of(text), left);
    }

    #[test]
    fn enums_are_objects_and_lines_keep_their_numbers() {
        let text = "export enum E {\n  A,\n  B = 5,\n  C,\n  D = 'd',\n}\nconst x: E = E.A;\n";
        let plain = stripped(text).unwrap();
        assert!(
            plain.starts_with(
                "export var E = ((E) => { const A = E[\"A\"] = 0; E[E[\"A\"]] = \"A\";"
            )
        );
        assert!(plain.contains("const C = E[\"C\"] = E[\"B\"] + 1;"));
        assert!(!plain.contains("E[E[\"D\"]]"));
        assert_eq!(plain.lines().nth(6), Some("const x    = E.A;"));
    }

    #[test]
    fn errors_have_line_and_column() {
        let (_, line, column) = stripped("const a = 1;\nconst b: = 2;\n").unwrap_err();
        assert_eq!((line, column), (2, 10));
        let (why, line, _) = stripped("\nnamespace N { export const a = 1; }\n").unwrap_err();
        assert!(why.contains("namespace") && line == 2, "{why}");
    }
}

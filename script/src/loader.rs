//! How `import` finds its modules.

use crate::files::{Files, MODULES};
use crate::natives::Desk;
use crate::raw::Bytecode;
use crate::script::Script;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Exception, Function, Module, Object, Result, Value};
use std::fmt::Write as _;
use std::rc::Rc;

/// Begins a name that is resolved already.
const RESOLVED: &str = "capsim:";

/// Stands between the name of a module and the number of the VU that it is of.
const OF_VU: char = '#';

/// Names and loads modules for one script.
pub(crate) struct Imports {
    pub(crate) script: Rc<Script>,
    pub(crate) desk: Rc<Desk>,
    /// The engine is for all VUs, and each has modules of its own.
    pub(crate) shared: bool,
}

impl Resolver for Imports {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let resolved = match name.strip_prefix(RESOLVED) {
            Some(known) => known.to_owned(),
            None => {
                let files = self.script.files();
                let found = files.resolve(base, name).and_then(|found| {
                    let importer = base.rsplit_once(OF_VU).map_or(base, |(base, _)| base);
                    there(files, importer, found)
                });
                found.map_err(|text| Exception::throw_message(ctx, &text))?
            }
        };
        if !self.shared || MODULES.contains(&&*resolved) {
            return Ok(resolved);
        }
        // The engine knows no module of this name, and asks below.
        Ok(format!("{resolved}{OF_VU}{}", self.desk.vu().number.get()))
    }
}

impl Loader for Imports {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if !self.shared {
            return module(ctx, &self.script, name);
        }
        let name = name.rsplit_once(OF_VU).map_or(name, |(name, _)| name);
        own_module(ctx, &self.desk, name)
    }
}

/// A module of one VU among those that share an engine.
pub(crate) fn own_module<'js>(
    ctx: &Ctx<'js>,
    desk: &Desk,
    name: &str,
) -> Result<Module<'js, Declared>> {
    let vu = desk.vu();
    if MODULES.contains(&name) {
        return module(ctx, &vu.script, name);
    }
    if let Some(known) = vu.loaded(ctx, name) {
        return Ok(known);
    }
    let module = match vu.script.compiled(name) {
        Some(compiled) => desk.read_again(ctx, name, &compiled)?,
        None => module(ctx, &vu.script, name)?,
    };
    vu.keep_loaded(&desk.kept(name), &module);
    Ok(module)
}

/// A module by its name; it is compiled once for all VUs.
pub(crate) fn module<'js>(
    ctx: &Ctx<'js>,
    script: &Script,
    name: &str,
) -> Result<Module<'js, Declared>> {
    if let Some(code) = script.compiled(name) {
        return code.read(ctx);
    }
    let module = Module::declare(ctx.clone(), name, source(ctx, script, name)?)?;
    script.keep_compiled(name, Bytecode::of(&module)?);
    Ok(module)
}

/// The text of a module.
fn source(ctx: &Ctx, script: &Script, name: &str) -> Result<String> {
    if MODULES.contains(&name) {
        return built_in(ctx, name);
    }
    let text = script
        .files()
        .text(name)
        .map_err(|text| Exception::throw_message(ctx, &text))?;
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".json") {
        return Ok(format!("export default {text};"));
    }
    if lower.ends_with(".ts") {
        return from_typescript(name, &text).map_err(|text| Exception::throw_message(ctx, &text));
    }
    Ok(if is_common(&text) {
        wrapped(name, &text)
    } else {
        text
    })
}

/// A file in TypeScript as JavaScript.
#[cfg(feature = "typescript")]
fn from_typescript(name: &str, text: &str) -> std::result::Result<String, String> {
    crate::typescript::stripped(text)
        .map_err(|(why, line, column)| format!("{name}:{line}:{column}: {why}"))
}

/// What to do with a file in TypeScript in a build that does not read it.
#[cfg(not(feature = "typescript"))]
fn from_typescript(name: &str, _: &str) -> std::result::Result<String, String> {
    Err(format!(
        "'{name}' is TypeScript: build capsim with `--features typescript`, or turn it into JavaScript first, e.g. with \
         esbuild"
    ))
}

/// Whether a text is a module of the older kind, which gives out what it puts into `exports`.
///
/// Bundlers write such files. A text with an `import` or `export` at the start of a line is none.
fn is_common(text: &str) -> bool {
    let starts = |line: &str, word: &str| {
        line.strip_prefix(word)
            .is_some_and(|rest| rest.starts_with([' ', '{', '*', '"', '\'']))
    };
    if text
        .lines()
        .flat_map(|line| line.split(';'))
        .map(str::trim_start)
        .any(|line| starts(line, "import") || starts(line, "export"))
    {
        return false;
    }
    text.contains("exports") || text.contains("require(")
}

/// A module of the older kind as one of the newer; lines keep their numbers.
fn wrapped(name: &str, text: &str) -> String {
    let mut names: Vec<&str> = text
        .match_indices("exports.")
        .map(|(at, word)| {
            let rest = &text[at + word.len()..];
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'))
                .unwrap_or(rest.len());
            &rest[..end]
        })
        .filter(|n| {
            !n.is_empty() && *n != "default" && !n.starts_with(|c: char| c.is_ascii_digit())
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut out = format!(
        "const __module = {{ exports: {{}} }}; (function (module, exports, require) {{ {text}\n\
         }}).call(undefined, __module, __module.exports, (name) => __capsim.require(name, {name:?}));"
    );
    out +=
        " export const __common = __module.exports; export default __common.default ?? __common;";
    for (i, export) in names.iter().enumerate() {
        write!(
            out,
            " const __e{i} = __common.{export}; export {{ __e{i} as {export} }};"
        )
        .ok();
    }
    out
}

/// The resolved name of a module, if that can be read; who imports it is known here alone.
fn there(files: &Files, importer: &str, name: String) -> std::result::Result<String, String> {
    if MODULES.contains(&&*name) {
        return Ok(name);
    }
    match files.bytes(&name) {
        Ok(_) => Ok(name),
        Err(why) => Err(format!("{why} (imported by '{importer}')")),
    }
}

/// What `require` gives: a module of k6, or what a file gives out.
pub(crate) fn required<'js>(
    ctx: &Ctx<'js>,
    script: &Script,
    base: &str,
    name: &str,
) -> Result<Value<'js>> {
    let resolved = script
        .files()
        .resolve(base, name)
        .and_then(|found| there(script.files(), base, found))
        .map_err(|text| Exception::throw_message(ctx, &text))?;
    if MODULES.contains(&&*resolved) {
        let kit: Object = ctx.globals().get("__capsim")?;
        return kit.get::<_, Function>("module")?.call((resolved,));
    }
    let namespace: Object = Module::import(ctx, format!("{RESOLVED}{resolved}"))?.finish()?;
    let common: Value = namespace.get("__common")?;
    if !common.is_undefined() {
        return Ok(common);
    }
    if resolved.ends_with(".json") {
        return namespace.get("default");
    }
    Ok(namespace.into_value())
}

/// A module that gives out the functions of a module of k6.
fn built_in(ctx: &Ctx, name: &str) -> Result<String> {
    let kit: Object = ctx.globals().get("__capsim")?;
    let names: Vec<String> = kit.get::<_, Function>("exports")?.call((name,))?;
    let mut text = format!("const m = __capsim.module('{name}'); export default m.default ?? m;");
    for export in names {
        write!(text, " export const {export} = m.{export};").ok();
    }
    Ok(text)
}

//! How `import` finds its modules.

use crate::files::{Files, MODULES};
use crate::script::Script;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Exception, Module, Result};
use std::fmt::Write as _;
use std::rc::Rc;

/// Names and loads modules for one script.
pub(crate) struct Imports(pub(crate) Rc<Script>);

impl Resolver for Imports {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        Files::resolve(base, name).map_err(|text| Exception::throw_message(ctx, &text))
    }
}

impl Loader for Imports {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let source = source(ctx, &self.0, name)?;
        Module::declare(ctx.clone(), name, source)
    }
}

/// The text of a module.
pub(crate) fn source(ctx: &Ctx, script: &Script, name: &str) -> Result<String> {
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
        let text =
            format!("'{name}' is TypeScript: turn it into JavaScript first, e.g. with esbuild");
        return Err(Exception::throw_message(ctx, &text));
    }
    Ok(text)
}

/// A module that gives out the functions of a module of k6.
fn built_in(ctx: &Ctx, name: &str) -> Result<String> {
    let kit: rquickjs::Object = ctx.globals().get("__capsim")?;
    let names: Vec<String> = kit.get::<_, rquickjs::Function>("exports")?.call((name,))?;
    let mut text = format!("const m = __capsim.module('{name}'); export default m;");
    for export in names {
        write!(text, " export const {export} = m.{export};").ok();
    }
    Ok(text)
}

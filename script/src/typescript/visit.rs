//! What becomes of each part of the syntax of TypeScript.

use oxc_ast::ast::{
    ArrowFunctionExpression, BindingPattern, BindingPatternKind, Class, ClassElement, Declaration,
    ExportAllDeclaration, ExportDefaultDeclaration, ExportDefaultDeclarationKind,
    ExportNamedDeclaration, FormalParameter, Function, IdentifierReference, ImportDeclaration,
    ImportOrExportKind, MethodDefinition, MethodDefinitionKind, PropertyDefinition,
    PropertyDefinitionType, TSAsExpression, TSEnumDeclaration, TSImportEqualsDeclaration,
    TSIndexSignature, TSInterfaceDeclaration, TSModuleDeclaration, TSNonNullExpression,
    TSSatisfiesExpression, TSThisParameter, TSTypeAliasDeclaration, TSTypeAnnotation,
    TSTypeAssertion, TSTypeParameterDeclaration, TSTypeParameterInstantiation, VariableDeclaration,
    VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;
use oxc_syntax::scope::ScopeFlags;

use super::Strip;

/// Where what is bound ends, without its mark and type.
fn end_of(kind: &BindingPatternKind) -> u32 {
    match kind {
        BindingPatternKind::BindingIdentifier(id) => id.span.start + id.name.len() as u32,
        kind => kind.span().end,
    }
}

/// Whether a declaration is of types alone.
fn is_type(declaration: &Declaration) -> bool {
    match declaration {
        Declaration::TSInterfaceDeclaration(_) | Declaration::TSTypeAliasDeclaration(_) => true,
        Declaration::FunctionDeclaration(f) => f.declare || f.body.is_none(),
        Declaration::ClassDeclaration(c) => c.declare,
        Declaration::VariableDeclaration(v) => v.declare,
        Declaration::TSEnumDeclaration(e) => e.declare,
        Declaration::TSModuleDeclaration(m) => m.declare,
        _ => false,
    }
}

impl<'a> Visit<'a> for Strip<'_> {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.values.insert(it.name.to_string());
    }

    fn visit_ts_type_annotation(&mut self, it: &TSTypeAnnotation<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_type_parameter_declaration(&mut self, it: &TSTypeParameterDeclaration<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_type_parameter_instantiation(&mut self, it: &TSTypeParameterInstantiation<'a>) {
        self.blank(it.span);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        if let Some(returned) = &it.return_type
            && self
                .slice(returned.span.start, returned.span.end)
                .contains('\n')
        {
            // No line may end before the arrow: the parenthesis moves to where the type ended.
            let end = it.params.span.end;
            self.between(end - 1, end);
            self.insert(returned.span.end, ")".to_owned());
        }
        walk::walk_arrow_function_expression(self, it);
    }

    fn visit_ts_this_parameter(&mut self, it: &TSThisParameter<'a>) {
        self.element(it.span);
    }

    fn visit_ts_as_expression(&mut self, it: &TSAsExpression<'a>) {
        self.visit_expression(&it.expression);
        self.between(it.expression.span().end, it.span.end);
    }

    fn visit_ts_satisfies_expression(&mut self, it: &TSSatisfiesExpression<'a>) {
        self.visit_expression(&it.expression);
        self.between(it.expression.span().end, it.span.end);
    }

    fn visit_ts_type_assertion(&mut self, it: &TSTypeAssertion<'a>) {
        self.between(it.span.start, it.expression.span().start);
        self.visit_expression(&it.expression);
    }

    fn visit_ts_non_null_expression(&mut self, it: &TSNonNullExpression<'a>) {
        self.visit_expression(&it.expression);
        self.between(it.span.end - 1, it.span.end);
    }

    fn visit_ts_interface_declaration(&mut self, it: &TSInterfaceDeclaration<'a>) {
        self.types.insert(it.id.name.to_string());
        self.blank(it.span);
    }

    fn visit_ts_type_alias_declaration(&mut self, it: &TSTypeAliasDeclaration<'a>) {
        self.types.insert(it.id.name.to_string());
        self.blank(it.span);
    }

    fn visit_ts_module_declaration(&mut self, it: &TSModuleDeclaration<'a>) {
        if !it.declare {
            let what = "a namespace is not rewritten: export its parts from a file of their own";
            self.refused.get_or_insert((it.span.start, what));
        }
        self.blank(it.span);
    }

    fn visit_ts_index_signature(&mut self, it: &TSIndexSignature<'a>) {
        self.blank(it.span);
    }

    fn visit_ts_enum_declaration(&mut self, it: &TSEnumDeclaration<'a>) {
        match it.declare {
            true => self.blank(it.span),
            false => {
                for member in &it.body.members {
                    if let Some(init) = &member.initializer {
                        self.visit_expression(init);
                    }
                }
                self.enumeration(it);
            }
        }
    }

    fn visit_ts_import_equals_declaration(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        let at = it.span.start;
        self.edits.push((at, at + 6, Some("const ".to_owned())));
    }

    fn visit_binding_pattern(&mut self, it: &BindingPattern<'a>) {
        if it.optional {
            self.mark(end_of(&it.kind), '?');
        }
        walk::walk_binding_pattern(self, it);
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        self.modifiers(it.span.start, it.pattern.kind.span().start);
        walk::walk_formal_parameter(self, it);
    }

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        match it.declare {
            true => self.blank(it.span),
            false => walk::walk_variable_declaration(self, it),
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if it.definite {
            self.mark(end_of(&it.id.kind), '!');
        }
        walk::walk_variable_declarator(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        match it.declare || it.body.is_none() {
            true => self.blank(it.span),
            false => walk::walk_function(self, it, flags),
        }
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        if it.declare {
            return self.blank(it.span);
        }
        if it.r#abstract {
            let end = it
                .id
                .as_ref()
                .map_or(it.body.span.start, |id| id.span.start);
            self.modifiers(it.span.start, end);
        }
        if let (Some(first), Some(last)) = (it.implements.first(), it.implements.last()) {
            let before = self.slice(it.span.start, first.span.start);
            let at = before.rfind("implements").unwrap_or(before.len()) as u32;
            self.between(it.span.start + at, last.span.end);
        }
        walk::walk_class(self, it);
    }

    fn visit_class_element(&mut self, it: &ClassElement<'a>) {
        if let ClassElement::TSIndexSignature(signature) = it {
            return self.blank(signature.span);
        }
        walk::walk_class_element(self, it);
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        if it.value.body.is_none() {
            return self.blank(it.span);
        }
        self.modifiers(it.span.start, it.key.span().start);
        if it.optional {
            self.mark(it.key.span().end, '?');
        }
        if it.kind == MethodDefinitionKind::Constructor {
            self.properties(&it.value);
        }
        walk::walk_method_definition(self, it);
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        let is_abstract = it.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition;
        if it.declare || is_abstract {
            return self.blank(it.span);
        }
        self.modifiers(it.span.start, it.key.span().start);
        if it.optional {
            self.mark(it.key.span().end, '?');
        }
        if it.definite {
            self.mark(it.key.span().end, '!');
        }
        walk::walk_property_definition(self, it);
    }

    fn visit_import_declaration(&mut self, _: &ImportDeclaration<'a>) {}

    fn visit_export_named_declaration(&mut self, it: &ExportNamedDeclaration<'a>) {
        let typed = it.declaration.as_ref().is_some_and(is_type);
        if it.export_kind == ImportOrExportKind::Type || typed {
            if let Some(declaration) = &it.declaration {
                self.visit_declaration(declaration);
            }
            return self.blank(it.span);
        }
        if it.source.is_none() {
            walk::walk_export_named_declaration(self, it);
        }
    }

    fn visit_export_all_declaration(&mut self, it: &ExportAllDeclaration<'a>) {
        if it.export_kind == ImportOrExportKind::Type {
            self.blank(it.span);
        }
    }

    fn visit_export_default_declaration(&mut self, it: &ExportDefaultDeclaration<'a>) {
        let typed = match &it.declaration {
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => true,
            ExportDefaultDeclarationKind::FunctionDeclaration(f) => f.body.is_none(),
            _ => false,
        };
        match typed {
            true => self.blank(it.span),
            false => walk::walk_export_default_declaration(self, it),
        }
    }
}

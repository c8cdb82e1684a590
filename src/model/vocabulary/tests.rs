//! What is declared must make sense.

use super::{DefaultValue, Key, Kind, MODEL, Presence, Rule, Table};
use crate::duration;

/// All tables, from the top.
fn tables() -> Vec<&'static Table> {
    let mut found = Vec::new();
    table(&MODEL, &mut found);
    found
}

fn table(of: &'static Table, found: &mut Vec<&'static Table>) {
    if !found.iter().any(|known| std::ptr::eq(*known, of)) {
        found.push(of);
        of.keys.iter().for_each(|key| kind(&key.kind, found));
    }
}

fn kind(of: &'static Kind, found: &mut Vec<&'static Table>) {
    match of {
        Kind::Table(inner) => table(inner, found),
        Kind::Union(union) => union.tables.iter().for_each(|inner| table(inner, found)),
        Kind::Named(inner)
        | Kind::List(inner)
        | Kind::Some(inner)
        | Kind::Exactly(_, inner)
        | Kind::OneOrMore(inner) => kind(inner, found),
        Kind::Either(kinds) => kinds.iter().for_each(|inner| kind(inner, found)),
        Kind::Type(of) => kind(&of.kind, found),
        _ => {}
    }
}

#[test]
fn names_lead_to_one_table_and_keys_to_one_value() {
    let tables = tables();
    assert!(tables.len() > 50, "{}", tables.len());
    for (n, table) in tables.iter().enumerate() {
        let same = tables[..n].iter().any(|other| other.name == table.name);
        assert!(!same, "two tables are called `{}`", table.name);
        for (n, key) in table.keys.iter().enumerate() {
            let same = table.keys[..n]
                .iter()
                .any(|other| other.is(key.name) || key.k6.is_some_and(|k6| other.is(k6)));
            assert!(!same, "`{}` has `{}` twice", table.name, key.name);
            assert!(
                key.about.ends_with(['.', ')', '`']),
                "{}.{}: {}",
                table.name,
                key.name,
                key.about
            );
        }
    }
}

#[test]
fn rules_name_keys_that_there_are() {
    for table in tables() {
        let names: Vec<&str> = table
            .rules
            .iter()
            .flat_map(|rule| match rule {
                Rule::OneOf(sets) => sets.concat(),
                Rule::AnyOf(keys) => keys.to_vec(),
                Rule::Together(a, b) | Rule::NotBoth(a, b) => vec![*a, *b],
                Rule::Renamed(_, new) => vec![*new],
                Rule::Cases(key, cases) => {
                    let of = |case: &super::Case| [case.keys, &case.needs.concat()].concat();
                    cases.iter().flat_map(of).chain([*key]).collect()
                }
            })
            .collect();
        for name in names {
            assert!(
                table.key(name).is_some(),
                "`{}` has no `{name}`",
                table.name
            );
        }
    }
}

#[test]
fn a_default_is_a_value_that_a_model_could_write() {
    let fits = |key: &'static Key, default: DefaultValue| {
        let accepts = |kind: &'static Kind| match (kind, default) {
            (Kind::Choice(choice), DefaultValue::Text(text)) => choice.names().contains(&text),
            (Kind::Word(word), DefaultValue::Text(text)) => *word == text,
            (Kind::Text, DefaultValue::Text(_)) => true,
            (Kind::Time | Kind::TimeAboveZero, DefaultValue::Text(text)) => {
                duration::parse(text).is_ok()
            }
            (Kind::Whole(low, high), DefaultValue::Whole(n)) => (*low..=*high).contains(&n),
            (Kind::Number(low, high), DefaultValue::Number(x)) => (*low..=*high).contains(&x),
            (Kind::Number(low, _), DefaultValue::Whole(0)) => *low <= 0.0,
            (Kind::Flag, DefaultValue::Flag(_)) => true,
            (_, DefaultValue::Words(_)) => true,
            _ => false,
        };
        key.kind.find(&accepts).is_some()
    };
    for table in tables() {
        for key in table.keys {
            if let Presence::Or(default) = key.presence {
                assert!(fits(key, default), "{}.{}", table.name, key.name);
            }
        }
    }
}

//! The sentence on what limits a system names it, whatever it is: for each mechanism that can make somebody
//! wait a model in which it alone does, told by `run`, `capacity`, `explain` and their pages.

use capsim::model::{Document, Model};
use capsim::report::bottleneck::bottleneck;
use capsim::report::chart::Table;
use capsim::report::resources::resource_table;
use capsim::report::study_page::{self, Identity};
use capsim::report::{answers, explain_page, run_text};
use capsim::study::account::Account;
use capsim::study::answers::capacity::{Question, search};
use capsim::study::answers::explain::{Plan, explain};
use capsim::study::runner::HERE;
use capsim::world::World;
use capsim::world::summary::summary;

use crate::limits::{Case, cases};

/// The first sentence names what limits, and nothing before it.
fn check(case: &Case, by: &str, text: &str) {
    let sentence = text
        .find("bottleneck")
        .unwrap_or_else(|| panic!("{}: {text}", case.what));
    let line = &text[text[..sentence].rfind(['\n', '>']).map_or(0, |at| at + 1)..];
    let line = line.split(['\n', '<']).next().unwrap_or_default();
    let first = line.split(": ").next().unwrap_or_default();
    if let [one] = case.names {
        assert!(
            first.ends_with(&format!("bottleneck is {one}"))
                || line.contains(&format!("bottleneck is {one}:")),
            "{} by {by}: {line}",
            case.what
        );
    }
    for name in case.names {
        assert!(line.contains(name), "{} by {by}: {line}", case.what);
    }
}

fn model(text: &str) -> Model {
    Model::from_text("test.toml", text, &[]).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

const NAMELESS: Identity<'static> = Identity {
    name: "n",
    description: "d",
    model: "m",
    changes: &[],
    known: "",
    signature: "s",
};

#[test]
fn a_run_and_its_page_name_what_limits() {
    for case in cases() {
        let model = model(&case.text());
        let outcome = World::new(&model, 1, 0).run();
        let summary = summary(&outcome, &model);
        check(&case, "run", &run_text::insight(&outcome, &model, &summary));
        let account = Account::of(&outcome, &model);
        let nothing = Table {
            header: Vec::new(),
            rows: Vec::new(),
        };
        let page = study_page::of_run(&NAMELESS, &summary, "", &account, "", &nothing).unwrap();
        check(&case, "page", &page);
    }
}

#[test]
fn capacity_and_its_page_name_what_limits() {
    for case in cases() {
        let document = Document::from_text("test.toml", &case.text()).unwrap();
        let question = Question {
            document: &document,
            base: Vec::new(),
            path: "load".into(),
            low: 0.999,
            high: 1.0,
            minimise: false,
            seed: 1,
            budget: 21,
            precision: 0.01,
            runner: &HERE,
        };
        let answer = search(&question, &|_, _| {}, &|| true).unwrap();
        check(
            &case,
            "capacity",
            &answers::capacity(&question, &answer, false),
        );
        let page = study_page::of_capacity(&NAMELESS, &question, &answer).unwrap();
        check(&case, "page of capacity", &page);
    }
}

#[test]
fn explain_and_its_page_name_what_limits() {
    for case in cases() {
        let document = Document::from_text("test.toml", &case.text()).unwrap();
        let plan = Plan {
            share: 0.1,
            seed: 1,
            replications: 1,
            budget: u64::MAX,
        };
        let found = explain(&document, &[], &plan, &HERE, &|| true).unwrap();
        check(&case, "explain", &answers::explain(&found, 3));
        let page = explain_page::of_explanation(&NAMELESS, &found).unwrap();
        check(&case, "page of explain", &page);
    }
}

#[test]
fn nobody_is_said_to_wait_no_longer_than_the_table_shows() {
    // Few wait, and not for long: that is said.
    let text = cases()[0]
        .text()
        .replace("vus = 60", "vus = 2")
        .replace("servers = 2", "servers = 1");
    let model = model(&text.replace("200ms", "5s"));
    let outcome = World::new(&model, 1, 0).run();
    let account = Account::of(&outcome, &model);
    let table = resource_table(&account);
    let waited = account.limits.iter().any(|l| l.waited > 0.0);
    let said = bottleneck(&account);
    assert_eq!(said.contains("nobody waited"), !waited, "{said}\n{table}");
}

#[test]
fn the_lesson_of_each_model_of_the_gallery_is_named() {
    for (file, name) in [
        ("database_pool_too_small", "pool connections"),
        ("hold_storm", "the seats"),
        ("hot_event", "the lock of the event"),
        ("slow_third_party", "slowdown outage of station provider"),
        ("thread_pool_too_large", "the scalability of station cores"),
        ("waiting_room_tuned", "the waiting room"),
    ] {
        let path = format!("{}/models/gallery/{file}.toml", env!("CARGO_MANIFEST_DIR"));
        let model = Model::from_file(path.as_ref(), &[]).unwrap_or_else(|e| panic!("{e}"));
        let outcome = World::new(&model, 1, 0).run();
        let said = bottleneck(&Account::of(&outcome, &model));
        assert!(
            said.starts_with(&format!("The bottleneck is {name}: ")),
            "{file}: {said}"
        );
    }
}

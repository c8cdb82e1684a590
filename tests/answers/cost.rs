//! What a run costs, by hand.

use capsim::model::Model;
use capsim::study::cost::{items, total};
use capsim::world::World;

/// Ten requests in ten seconds, each of which calls `pay` twice; two replicas of two servers, three from the fifth second on.
const TEXT: &str = "[scenarios.default]\nexecutor = \"renewal-arrivals\"\ngap = \"1s\"\nduration = \"10s\"\njourney = \"go\"\n\
    [journeys]\ngo = [{ request = \"order\" }]\n[stations.cpu]\nservers = 2\n[stations.database]\nservers = 8\non = \"box\"\n\
    [hosts.box]\ncores = 4\n\
    [services.shop]\nreplicas = 2\nendpoints = [\"order\"]\nstations = [\"cpu\"]\n\
    autoscale = { boot = \"1s\", schedule = [{ at = \"5s\", replicas = 3 }] }\n\
    [endpoints.order]\nvisits = [{ station = \"cpu\", time = \"1ms\" }, { call = \"pay\" }, { spawn = \"pay\" }]\n\
    [endpoints.pay]\nvisits = [{ station = \"database\", time = \"1ms\" }]\n\
    [prices]\ncurrency = \"EUR\"\nreplica_hours = { shop = 0.36 }\nserver_hours = { cpu = 3.6, database = 0.036 }\n\
    core_hours = { box = 0.18 }\ncalls = { pay = 0.02, order = 1.0 }\n";

fn model(text: &str) -> Result<Model, String> {
    Model::from_text("cost.toml", text, &[]).map_err(|why| why.to_string())
}

#[test]
fn the_bill_is_that_by_hand() {
    let model = model(TEXT).unwrap();
    let outcome = World::new(&model, 1, 0).run();
    let seconds = outcome.duration.as_secs();
    let orders = outcome.complete_iterations() as f64;
    assert!((9.0..=10.0).contains(&orders) && seconds > 8.9);
    // Two for all of the time, and one more from the decision at 5 s on.
    let replicas = (2.0 * seconds + (seconds - 5.0)) / 3600.0;
    let expected = [
        ("replicas of shop", replicas, 0.36),
        ("servers of cpu", 2.0 * replicas, 3.6),
        ("servers of database", 8.0 * seconds / 3600.0, 0.036),
        ("cores of box", 4.0 * seconds / 3600.0, 0.18),
        ("calls of pay", 2.0 * orders, 0.02),
        ("calls of order", orders, 1.0),
    ];
    let bill = items(&model, &outcome);
    assert_eq!(bill.len(), expected.len());
    for (item, (what, amount, price)) in bill.iter().zip(expected) {
        assert_eq!((item.what.as_str(), item.price), (what, price));
        assert!(
            (item.amount - amount).abs() < 1e-9,
            "{what}: {} {amount}",
            item.amount
        );
    }
    let sum: f64 = expected
        .iter()
        .map(|(_, amount, price)| amount * price)
        .sum();
    let (all, each) = total(&bill, &outcome);
    assert!((all - sum).abs() < 1e-9);
    assert!((each.unwrap() - sum / orders * 1000.0).abs() < 1e-6);
}

#[test]
fn wrong_prices_are_told() {
    let told = |from: &str, to: &str| model(&TEXT.replace(from, to)).unwrap_err();
    let name = told("{ shop = 0.36 }", "{ shpo = 0.36 }");
    assert!(
        name.contains("no service `shpo`") && name.contains("did you mean `shop`"),
        "{name}"
    );
    let free = told(
        "database]\nservers = 8\non = \"box\"",
        "database]\nservers = \"infinite\"",
    );
    assert!(free.contains("are infinite"), "{free}");
    let below = told("pay = 0.02", "pay = -0.02");
    assert!(below.contains("from 0"), "{below}");
}

#[test]
fn without_prices_nothing_is_told() {
    let text = &TEXT[..TEXT.find("[prices]").unwrap()];
    let model = model(text).unwrap();
    assert!(items(&model, &World::new(&model, 1, 0).run()).is_empty());
}

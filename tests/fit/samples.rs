//! What a run of a model leaves for a fit.

use capsim::model::Document;
use capsim::report::out_json;
use capsim::world::World;

/// All samples of a run of the model with this text, as k6's `--out json` has them.
pub fn samples_of(text: &str, seed: u64) -> Vec<u8> {
    let document = Document::from_text("shop.toml", text).unwrap();
    let model = document.check(&[]).unwrap().model;
    let outcome = World::new(&model, seed, 0).logging().run();
    let mut samples = Vec::new();
    let epoch = "2026-01-02T03:04:05Z".parse().unwrap();
    out_json::write(&outcome, &model, epoch, &mut samples).unwrap();
    samples
}

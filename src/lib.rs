//! capsim runs a k6 load test in virtual time against a model of the system under test.
//!
//! # As a library
//! Load a [`Model`], change its parameters by name, run it with a seed, read the [`Report`]:
//!
//! ```
//! use capsim::{Model, Simulation, set};
//!
//! let shop = Model::load("docs/mechanisms/pools.toml")?;
//! for threads in [2, 8] {
//!     let model = shop.with(set::pool("threads").size(threads))?;
//!     let report = Simulation::new(&model).seed(42).run()?; // an error if the run did not finish
//!     println!(
//!         "{threads} threads: p(95) {:.0} ms, {:.1} requests/s, {:.0} % used",
//!         report.http_req_duration().p(95.0).unwrap_or(f64::NAN),
//!         report.throughput(),
//!         100.0 * report.pool("threads")?.utilisation()
//!     );
//! }
//! # Ok::<(), capsim::Error>(())
//! ```
//!
//! A model without a file comes from TOML text or from any data with the keys of a model file; a [`Sweep`] runs every
//! combination of some settings on all cores:
//!
//! ```
//! use capsim::{Model, Sweep, set};
//!
//! let model = Model::parse(
//!     r#"
//!     [scenarios.users]
//!     executor = "constant-vus"
//!     vus = 20
//!     duration = "1m"
//!     journey = "look"
//!     [journeys]
//!     look = [{ request = "page" }, { sleep = "1s" }]
//!     [stations.cpu]
//!     servers = 1
//!     [endpoints.page]
//!     visits = [{ station = "cpu", time = { exponential = "30ms" } }]
//!     "#,
//! )?;
//! let points = Sweep::new(&model)
//!     .vary([10, 20, 40].map(|n| set::scenario("users").vus(n)))
//!     .replications(5)
//!     .run(|report| Ok(report.station("cpu")?.utilisation()))?;
//! for point in points {
//!     println!("{:?}: {:?}", point.settings, point.mean_interval(0.95));
//! }
//! # Ok::<(), capsim::Error>(())
//! ```
//!
//! What stands at the root of this page and in [`set`] is the library's public face. It is listed in
//! `docs/public-api.txt`, which a test holds, so that growth is noticed. The other modules are the inside of the
//! program, public for its own binary, tests and benchmarks alone: any version may change them.
//!
//! # The inside
//! A model (TOML) is read and checked by [`model`], run by [`world`] and printed by [`report`].
//! The modules are layers: `docs/design.md` lists them from the top to the bottom. Each imports only from
//! those below it; they are six crates, so that an edit builds one of them, and the rest stays.

// They panic where the text cannot be written.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod api;
pub mod cli;
pub mod report;

pub use api::{Error, Model, Point, Report, Resource, Setting, Simulation, Sweep, Trend, set};
pub use capsim_core::{engine, stats, theory};
pub use capsim_formats as formats;
pub use capsim_model as model;
pub use capsim_model::{Problem, Problems};
pub use capsim_sim::{load, measure, parts, world};
pub use capsim_study as study;

//! capsim as a library: how many servers does this model need?
//!
//!     cargo run --example embed [MODEL [STATION]]

use capsim::{Model, Simulation, set};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let file = args
        .next()
        .unwrap_or("docs/mechanisms/stations.toml".into());
    let station = args.next().unwrap_or("fifo".into());

    let model = Model::load(file)?;
    for servers in 1..=4 {
        let model = model.with(set::station(&station).servers(servers))?;
        let report = Simulation::new(&model).seed(42).run()?;
        let p95 = report.http_req_duration().p(95.0).unwrap_or(f64::NAN);
        let (busy, rate) = (report.station(&station)?.utilisation(), report.throughput());
        println!(
            "{servers} servers: p(95) {p95:6.1} ms, utilisation {busy:.2}, {rate:.1} requests/s"
        );
    }
    Ok(())
}

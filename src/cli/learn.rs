//! `capsim learn`: a first model from an access log or a load tool's file.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::exit::{self, CliError};
use super::output::write_atomically;
use super::outputs::Outputs;
use crate::formats::{Declaration, Layout, Problem, Source, traces};
use crate::model::Document;
use crate::study::learn::{Learned, Learner, REQUESTS, Route, traces as learn_traces};

/// Learn a first model from an access log, from a load tool's file of single requests, or from traces.
///
/// Endpoints by their paths with identifiers folded, the mix, arrivals as stages of a rate and whether they are random,
/// service times at few requests under way as laws of the largest likelihood, and a station where times grow with the
/// requests under way. Each line says what it is based on, the head comment what is unknown.
///
/// Traces (OpenTelemetry's JSON, Jaeger's, Zipkin's) also show which service calls which, at once or one after the
/// other, and how long each works itself.
///
/// The model goes to standard output, and can be run as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  capsim learn access.log > model.toml && capsim run model.toml
  capsim learn access.log.1.gz access.log --route 'GET /users/{name}' > model.toml
  capsim learn access.log --replay arrivals > model.toml
  capsim learn access.log --session '$cookie_id' > model.toml
  capsim learn traces.json > model.toml
  capsim learn access.log --log-format 'apache:%h %l %u %t \"%r\" %>s %b %D' > model.toml

Exit codes: 0 done, 104 a file cannot be used, 1 anything else.")]
pub struct LearnArgs {
    /// An access log, a file of single requests, or traces; may be given several times.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    log: LogFormat,
    /// A route that is one endpoint: `GET /users/{name}`, `/static/*`. May be given several times; the first
    /// that fits counts.
    #[arg(long = "route", value_name = "ROUTE")]
    routes: Vec<String>,
    /// Let the requests arrive exactly as in the log: their times and endpoints are written to a file in this new
    /// directory, which has to lie beside the model, and its scenario replays them.
    #[arg(long, value_name = "DIRECTORY")]
    replay: Option<PathBuf>,
    /// The column of the log that tells users apart (`$cookie_id`, `$remote_addr`, `%h`, a key of a JSON log): what
    /// they do becomes a chain of requests with pauses, as far as the data allow it.
    #[arg(long, value_name = "COLUMN", conflicts_with = "replay")]
    session: Option<String>,
}

/// The layout of a log.
#[derive(Clone, Debug, Args)]
pub struct LogFormat {
    /// The layout of the log's lines, as its server's configuration has it: `nginx:$remote_addr …`,
    /// `apache:%h …`, `tomcat:%h …` (`tomcat10:%h …` from Tomcat 10 on), `haproxy:%ci …`, or
    /// `json:time=KEY,duration=KEY:ms,path=KEY,method=KEY,status=KEY`. Default: told by the first line.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl LogFormat {
    /// The layout, if one is given.
    pub fn layout(&self) -> Result<Option<Layout>, CliError> {
        let parsed = self.log_format.as_deref().map(Layout::parse).transpose();
        parsed.map_err(|why| invalid(&format!("--log-format: {why}")))
    }
}

fn invalid(why: &str) -> CliError {
    CliError::new(exit::INVALID, format!("error: {why}"))
}

/// The name of a directory for a replay, as a model can name it.
fn beside_the_model(directory: &Path) -> Result<String, CliError> {
    let shown = directory.display();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let name = directory.to_str().filter(|name| name.chars().all(plain));
    let inside = directory
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let Some(name) = name.filter(|name| inside && !name.is_empty()) else {
        return Err(invalid(&format!(
            "--replay {shown}: the model names files beside it: give the name of a directory there, such as arrivals"
        )));
    };
    if directory.exists() {
        return Err(invalid(&format!(
            "--replay {shown}: this is there already; give the name of a new directory"
        )));
    }
    Ok(name.trim_end_matches('/').to_string())
}

/// Writes the file of a replay into its new directory.
fn write_replay(directory: &str, learned: &Learned) -> Result<(), CliError> {
    let directory = Path::new(directory);
    std::fs::create_dir_all(directory).map_err(|why| CliError::file(directory, why))?;
    write_atomically(&directory.join(REQUESTS), |out| learned.write_replay(out))
}

impl LearnArgs {
    /// Reads, learns and prints.
    pub fn execute(self) -> Result<ExitCode, CliError> {
        let layout = self.log.layout()?;
        let routes: Result<Vec<Route>, String> =
            self.routes.iter().map(|r| Route::parse(r)).collect();
        let routes = routes.map_err(|why| invalid(&why))?;
        // Each is opened once, as it may be a pipe, and the next when one is done. The first tells what all are.
        let mut sources = self.files.iter().map(|path| Source::open(path)).peekable();
        let traced = |first: &Result<Source, Problem>| first.as_ref().is_ok_and(traces::are_in);
        if layout.is_none() && sources.peek().is_some_and(traced) {
            return self.by_traces(sources, &routes);
        }
        let mut learner = Learner::new(routes);
        let replay = self.replay.as_deref().map(beside_the_model).transpose()?;
        if replay.is_some() {
            learner = learner.replaying();
        }
        if let Some(column) = &self.session {
            learner = learner.with_sessions(column);
        }
        let (mut origins, mut doubts, mut closed) = (Vec::new(), Vec::new(), true);
        for source in sources {
            let mut source = source.map_err(|why| invalid(&why.to_string()))?;
            let declaration = self.add(&mut source, &mut learner, &mut doubts)?;
            closed &= !declaration.is_open;
            origins.push(format!("{} ({})", source.name(), declaration.form));
        }
        let learned = learner.learn(&origins.join(", "), closed, doubts);
        let learned = learned.map_err(|why| invalid(&format!("{}: {why}", origins.join(", "))))?;
        let text = match &replay {
            Some(directory) => {
                write_replay(directory, &learned)?;
                learned.toml_of_replay(directory)
            }
            None => learned.toml(),
        };
        print_model(&text)
    }

    /// Adds the requests of a file, and what is doubtful about it.
    fn add(
        &self,
        source: &mut Source,
        learner: &mut Learner,
        doubts: &mut Vec<String>,
    ) -> Result<&'static Declaration, CliError> {
        let layout = self.layout_of(source)?;
        let read = learner.read(source, layout.as_ref());
        let (declaration, reading, order) = read.map_err(|why| invalid(&why.to_string()))?;
        let name = source.name();
        if reading.requests.is_some() {
            return Err(invalid(&format!(
                "{name}: this {} holds numbers of all requests together, and no single ones; a model is learned from \
                 single requests: docs/formats.md",
                declaration.form
            )));
        }
        let many = self.files.len() > 1;
        let of_file = |doubt: String| {
            if many {
                format!("{name}: {doubt}")
            } else {
                doubt
            }
        };
        let back = order.doubt().map(|(times, seconds)| {
            format!("the clock: time goes back {times} times, by {seconds} s at most; the requests were put in order")
        });
        let skipped = reading.skipped.summary("line");
        let all = reading.doubts.into_iter().chain(back).chain(skipped);
        doubts.extend(all.map(of_file));
        Ok(declaration)
    }

    /// The layout of a log, with the column that tells users apart.
    fn layout_of(&self, source: &Source) -> Result<Option<Layout>, CliError> {
        let given = self.log.layout()?;
        let Some(column) = &self.session else {
            return Ok(given);
        };
        let layout = match given {
            Some(layout) => Ok(layout),
            None => Layout::of(source).map_err(|why| invalid(&why.to_string())),
        };
        let named = layout?.with_session(column);
        named
            .map(Some)
            .map_err(|why| invalid(&format!("--session: {}: {why}", source.name())))
    }

    /// Learns from distributed traces.
    fn by_traces(
        &self,
        sources: impl Iterator<Item = Result<Source, Problem>>,
        routes: &[Route],
    ) -> Result<ExitCode, CliError> {
        if self.replay.is_some() {
            let why =
                "--replay is for logs: of traces it is not known whether all requests were traced";
            return Err(invalid(why));
        }
        let read = traces::read(sources).map_err(|why| invalid(&why.to_string()))?;
        let names: Vec<String> = self.files.iter().map(|f| f.display().to_string()).collect();
        let origin = format!("{} ({})", names.join(", "), read.form);
        let doubts = read.skipped.summary("span").into_iter().collect();
        let learned = learn_traces::learn(&origin, &read, routes, doubts);
        let learned = learned.map_err(|why| invalid(&format!("{origin}: {why}")))?;
        print_model(&learned.toml())
    }
}

/// Prints a model that was learned, once it is known to be sound.
fn print_model(text: &str) -> Result<ExitCode, CliError> {
    Document::from_text("the learned model", text)
        .and_then(|document| document.check(&[]).map(|_| ()))
        .map_err(CliError::model)?;
    let mut out = Outputs::default();
    out.print(text);
    out.done()
}

//! The native half of the Python package: thin classes over capsim's library. No simulation, no statistics and no
//! reading of files is done here.

mod answers;
mod model;
mod plan;
mod run;
mod samples;
mod watch;

use std::ffi::OsString;
use std::process::ExitCode;

use capsim::Problems;
use capsim::study::sweep::SweepError;
use capsim::study::sweep::plan::PlanError;
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError};
use pyo3::prelude::*;

create_exception!(
    _capsim,
    CapsimError,
    PyException,
    "What capsim refuses, in the words of the command line."
);
create_exception!(
    _capsim,
    ModelError,
    CapsimError,
    "The model, or a change of it, is not valid."
);
create_exception!(
    _capsim,
    PlanMismatch,
    CapsimError,
    "A plan, a cell or a result is not as it was written."
);

fn model_error(problems: Problems) -> PyErr {
    ModelError::new_err(problems.to_string().trim_end().to_owned())
}

fn capsim_error(why: impl Into<String>) -> PyErr {
    CapsimError::new_err(why.into())
}

fn plan_error(error: PlanError) -> PyErr {
    match error {
        PlanError::Model(problems) => model_error(problems),
        PlanError::Text(why) => PlanMismatch::new_err(why),
    }
}

fn sweep_error(error: SweepError) -> PyErr {
    match error {
        SweepError::Model(problems) => model_error(problems),
        SweepError::Io(why) => PyOSError::new_err(why.to_string()),
        SweepError::Mismatch(why) => PlanMismatch::new_err(why),
        SweepError::Interrupted(_) => capsim_error("interrupted"),
    }
}

/// Runs a command line in this process and gives its exit code. Signals are the program's from then on.
#[pyfunction]
fn main(py: Python<'_>, line: Vec<OsString>) -> u8 {
    let code = py.detach(|| capsim::cli::run(line.into_iter()));
    // An exit code tells its number in no other way.
    (0..=u8::MAX)
        .find(|number| ExitCode::from(*number) == code)
        .unwrap_or(1)
}

#[pymodule]
fn _capsim(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("CapsimError", py.get_type::<CapsimError>())?;
    module.add("ModelError", py.get_type::<ModelError>())?;
    module.add("PlanMismatch", py.get_type::<PlanMismatch>())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<model::Model>()?;
    module.add_class::<run::Run>()?;
    module.add_class::<samples::Samples>()?;
    module.add_class::<plan::Plan>()?;
    module.add_class::<plan::Segment>()?;
    module.add_function(wrap_pyfunction!(main, module)?)?;
    module.add_function(wrap_pyfunction!(plan::failed_line, module)?)?;
    module.add_function(wrap_pyfunction!(plan::read_line, module)?)?;
    Ok(())
}

//! The requests of a run as Arrow columns, handed over without a copy by the PyCapsule interface.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::types::UInt16Type;
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, RecordBatch, RecordBatchIterator, StringArray,
    UInt16Array,
};
use arrow_schema::{DataType, Field, Schema};
use capsim::engine::time::to_f64;
use capsim::model::Model;
use capsim::world::outcome::Outcome;
use capsim::world::tags;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::capsim_error;

const NAME: &CStr = c"arrow_array_stream";

/// The requests of a run, in the order in which they ended: ``duration_ms`` (float64), ``name``, ``scenario``
/// (dictionaries) and ``status`` (uint16; 0 without an answer). Any library that speaks Arrow takes it:
/// ``polars.DataFrame(samples)``, ``pyarrow.table(samples)``, ``pandas.DataFrame.from_arrow(samples)`` (which copies them;
/// ``capsim.requests(run)`` does not).
#[pyclass(frozen)]
pub struct Samples(RecordBatch);

impl Samples {
    /// Those of a run whose durations were kept.
    pub fn of(model: &Model, outcome: &Outcome) -> PyResult<Samples> {
        let record = &outcome.recorder;
        let durations: Vec<f64> = record.durations.iter().map(|ns| to_f64(ns) / 1e6).collect();
        let tags: Vec<_> = record
            .series
            .iter()
            .map(|series| tags::of_request(model, series))
            .collect();
        let series = || record.request_series.iter();
        let coded = |key: &str| {
            let of: Vec<&str> = tags
                .iter()
                .map(|tags| tags::find(tags, key).unwrap_or(""))
                .collect();
            let mut known: Vec<&str> = of.clone();
            known.sort_unstable();
            known.dedup();
            let code = |text: &str| known.iter().position(|k| *k == text).unwrap_or(0) as u16;
            let codes: Vec<u16> = of.iter().map(|text| code(text)).collect();
            let keys = UInt16Array::from_iter_values(series().map(|s| codes[usize::from(s)]));
            let values = Arc::new(StringArray::from(known));
            DictionaryArray::<UInt16Type>::try_new(keys, values)
                .map(|array| Arc::new(array) as ArrayRef)
        };
        let wrong = |why: arrow_schema::ArrowError| capsim_error(why.to_string());
        let statuses: Vec<u16> = record.series.iter().map(|s| s.code.status()).collect();
        let status = UInt16Array::from_iter_values(series().map(|s| statuses[usize::from(s)]));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("duration_ms", Arc::new(Float64Array::from(durations))),
            ("name", coded("name").map_err(wrong)?),
            ("scenario", coded("scenario").map_err(wrong)?),
            ("status", Arc::new(status)),
        ];
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, array)| Field::new(*name, array.data_type().clone(), false))
            .collect();
        let columns = columns.into_iter().map(|(_, array)| array).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .map(Samples)
            .map_err(wrong)
    }
}

#[pymethods]
impl Samples {
    /// A stream of one batch. The consumer shares the memory; it lives as long as anybody uses it.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // As the interface has it, a schema that cannot be given is answered with the own one.
        let _ = requested_schema;
        let batches = RecordBatchIterator::new([Ok(self.0.clone())], self.0.schema());
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, NAME)
    }

    /// Number of requests.
    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    /// Names of the columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    /// Where the durations stand in memory: shows that nobody copied them.
    #[getter]
    fn address(&self) -> usize {
        let column = self.0.column(0);
        debug_assert_eq!(column.data_type(), &DataType::Float64);
        column
            .to_data()
            .buffers()
            .first()
            .map_or(0, |buffer| buffer.as_ptr() as usize)
    }

    fn __repr__(&self) -> String {
        format!(
            "<capsim.Samples of {} requests: {}>",
            self.__len__(),
            self.columns().join(", ")
        )
    }
}

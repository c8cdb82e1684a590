//! Charts from CSV alone, as SVG or PNG.
//!
//! `table` reads the CSV, `kinds` turns it into a figure (data and words only), `draw` draws it. Colours are those of
//! Okabe & Ito (2008), which readers with any colour vision tell apart.

mod axis;
mod curves;
mod draw;
pub mod figure;
pub(in crate::report) mod forest;
pub mod kinds;
mod map;
mod over_time;
#[cfg(feature = "png")]
mod png;
pub mod points;
mod scatter;
mod sweeps;
pub mod table;
mod tornado;

pub use figure::Figure;
pub use kinds::{Kind, figure};
pub use table::Table;

use plotters::prelude::{DrawingBackend, IntoDrawingArea, SVGBackend};

/// Width of every chart in pixels.
pub const WIDTH: u32 = 800;

/// A figure as an SVG document.
///
/// # Errors
/// If the backend fails; it tells why.
pub fn svg(figure: &Figure) -> Result<String, String> {
    fonts()?;
    let mut text = String::new();
    {
        let backend = SVGBackend::with_string(&mut text, (WIDTH, figure.height()));
        paint(figure, backend)?;
    }
    Ok(text)
}

/// A figure as a PNG file.
///
/// # Errors
/// If it cannot be drawn.
#[cfg(feature = "png")]
pub fn png(figure: &Figure) -> Result<Vec<u8>, String> {
    fonts()?;
    let (width, height) = (WIDTH, figure.height());
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    let backend = plotters::prelude::BitMapBackend::with_buffer(&mut pixels, (width, height));
    paint(figure, backend)?;
    png::encode(width, &pixels).map_err(|e| e.to_string())
}

/// Without the feature `png` there are no PNG files.
///
/// # Errors
/// Always.
#[cfg(not(feature = "png"))]
pub fn png(_: &Figure) -> Result<Vec<u8>, String> {
    Err("this capsim was built without PNG; write SVG".to_owned())
}

fn paint<B: DrawingBackend>(figure: &Figure, backend: B) -> Result<(), String> {
    let area = backend.into_drawing_area();
    draw::figure(&area, figure).map_err(|e| e.to_string())?;
    area.present().map_err(|e| e.to_string())
}

/// The font that comes with capsim: no font of the system is needed, and pictures are alike everywhere.
fn fonts() -> Result<(), String> {
    #[cfg(feature = "png")]
    {
        use plotters::style::{FontStyle, register_font};
        const FONT: &[u8] = include_bytes!("../../../assets/DejaVuSans.ttf");
        for style in [FontStyle::Normal, FontStyle::Bold] {
            register_font("sans-serif", style, FONT).map_err(|_| "the font is damaged")?;
        }
    }
    Ok(())
}

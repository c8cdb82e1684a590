//! What a chart shows, without saying how: panels of series, bars or cells, with their words.

/// A chart: a title and panels, one above the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// Title.
    pub title: String,
    /// A line below it.
    pub subtitle: String,
    /// From the top.
    pub panels: Vec<Panel>,
}

impl Figure {
    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        let panels: u32 = self.panels.iter().map(|p| p.height).sum();
        64 + panels
    }
}

/// One coordinate system.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Height in pixels, legend and labels included.
    pub height: u32,
    /// Label of the horizontal axis.
    pub x_label: String,
    /// Label of the vertical axis, with its unit.
    pub y_label: String,
    /// Logarithmic horizontal axis.
    pub x_log: bool,
    /// Logarithmic vertical axis.
    pub y_log: bool,
    /// The vertical axis ends here even if no value comes near.
    pub y_at_least: Option<f64>,
    /// What is in it.
    pub content: Content,
}

impl Default for Panel {
    fn default() -> Self {
        Panel {
            height: 400,
            x_label: String::new(),
            y_label: String::new(),
            x_log: false,
            y_log: false,
            y_at_least: None,
            content: Content::Lines(Lines::default()),
        }
    }
}

/// What a panel shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Curves.
    Lines(Lines),
    /// Stacked bars.
    Bars(Bars),
    /// Coloured cells.
    Map(Map),
    /// Values with intervals, one below the other.
    Forest(Forest),
    /// Bars to both sides of zero.
    Tornado(Tornado),
    /// Two numbers that should be equal.
    Scatter(Scatter),
}

/// Curves, limits and marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines {
    /// Curves.
    pub series: Vec<Series>,
    /// Horizontal dashed lines: limits of thresholds, with their text.
    pub limits: Vec<(String, f64)>,
    /// A vertical dotted line with its text.
    pub mark: Option<(String, f64)>,
    /// Areas upon one another instead of lines.
    pub stacked: bool,
}

/// A curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Points from left to right: x, y, half-width of its interval.
    pub points: Vec<(f64, f64, Option<f64>)>,
    /// Draw each point, too.
    pub dots: bool,
}

/// Stacked bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars {
    /// Label of each bar.
    pub labels: Vec<String>,
    /// Name of each part and its value in each bar.
    pub parts: Vec<(String, Vec<f64>)>,
}

/// What is known about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Meets every threshold.
    Pass,
    /// Crosses one.
    Fail,
    /// More replications would tell.
    Undecided,
}

/// Cells over two varied values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    /// Labels of the columns.
    pub columns: Vec<String>,
    /// Labels of the rows, from the bottom.
    pub rows: Vec<String>,
    /// Cells by row and column.
    pub cells: Vec<Vec<Option<Cell>>>,
}

/// What an interval means: its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Good, or what is expected.
    Good,
    /// Bad.
    Bad,
    /// Neither good nor bad.
    Plain,
    /// Too small to matter, or not known.
    Faint,
}

/// A value and its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Label.
    pub label: String,
    /// Value.
    pub value: f64,
    /// Lower and upper end.
    pub interval: (f64, f64),
    /// Colour.
    pub tone: Tone,
}

/// Values with intervals, one below the other, around zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    /// From the top.
    pub marks: Vec<Mark>,
    /// What each tone means, in the order of the legend.
    pub tones: Vec<(Tone, String)>,
    /// A grey band around zero: its half-width and what it means.
    pub band: Option<(f64, String)>,
    /// Values farther from zero stand at the edge, with their number.
    pub most: f64,
}

/// What a parameter does when it is lower and when it is higher.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The parameter.
    pub label: String,
    /// Effects of the lower and the higher value, and whether each is more than chance.
    pub effects: [(f64, bool); 2],
}

/// Bars to both sides of zero, the longest on top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tornado {
    /// From the top.
    pub bars: Vec<Bar>,
    /// What the two colours mean.
    pub sides: [String; 2],
}

/// Two numbers that should be equal: points about a diagonal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scatter {
    /// Name of each group and its points.
    pub groups: Vec<(String, Vec<(f64, f64)>)>,
}

//! What a script sees of an endpoint, as meant: the requests that reach it, what they are about, what it answers.

/// How a script meets an endpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Http {
    /// Which requests reach it; without it, those that have its name.
    pub route: Option<Route>,
    /// What a part of a request is the number of, beside the parameters of the route that are named so.
    pub entities: Vec<(Name, Part)>,
    /// The answer to a request that succeeds.
    pub answer: Option<Answer>,
    /// The answer to one that fails.
    pub failure: Option<Answer>,
}

impl Http {
    /// The status that a script sees where the model has this one, or k6's error code above 1000 for none.
    #[must_use]
    pub fn status_of(&self, code: u16) -> u16 {
        let answer = match code {
            200..400 => &self.answer,
            400..1000 => &self.failure,
            _ => &None,
        };
        let own = answer.as_ref().and_then(|answer| answer.status);
        own.unwrap_or(code)
    }
}

/// Method and path of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// In capitals.
    pub method: String,
    /// The host, with its port if it has one.
    pub host: Option<String>,
    /// The parts of the path, without slashes.
    pub path: Vec<Segment>,
}

/// One part of a route's path.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// Only this text.
    Literal(String),
    /// Any text, which has this name.
    Parameter(String),
}

/// What a request can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A user.
    User,
    /// A token of the waiting room.
    Token,
    /// An event.
    Event,
    /// A seat, numbered among those of all events.
    Seat,
    /// The hold on a seat.
    Hold,
}

impl Name {
    /// All, with the names that models have for them.
    pub const ALL: [(&'static str, Name); 5] = [
        ("user", Name::User),
        ("token", Name::Token),
        ("event", Name::Event),
        ("seat", Name::Seat),
        ("hold", Name::Hold),
    ];

    /// The entity of this name.
    #[must_use]
    pub fn of(text: &str) -> Option<Name> {
        let found = Name::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, entity)| *entity)
    }
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A parameter of the route.
    Path(String),
    /// A parameter of the query.
    Query(String),
    /// A field of the body, which is JSON or a form: the keys that lead to it.
    Body(Vec<String>),
    /// A header.
    Header(String),
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The status that the script sees, if not the one that the model gives.
    pub status: Option<u16>,
    /// Headers beside `Content-Type`; one that has several values comes several times.
    pub headers: Vec<(String, Vec<Piece>)>,
    /// The body; none is empty.
    pub body: Option<Body>,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// JSON.
    Json(Template),
    /// A text, with its `Content-Type` unless the headers have one.
    Text(&'static str, Vec<Piece>),
}

/// JSON in which values are filled in.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// JSON as it is: a number, true, false or null.
    Plain(String),
    /// A text. Of one value alone it is what that value is: a number, a list, true or false.
    Text(Vec<Piece>),
    /// A list.
    List(Vec<Template>),
    /// An object: keys as JSON writes them, and values.
    Object(Vec<(String, Template)>),
    /// A list with one element for each free seat of the event, up to a maximum.
    EachFreeSeat(Box<Template>, u32),
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// As it is.
    Text(String),
    /// A value of the model's state, or of the request.
    Value(Known),
}

/// What an answer can tell.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// What the request is about.
    Entity(Name),
    /// The place in the line before the waiting room; 0 for who is let through.
    Position,
    /// Whole seconds that the user will wait for it, as the room tells.
    Wait,
    /// Whether the user is let through.
    Admitted,
    /// Numbers of the event's free seats.
    FreeSeats,
    /// How many seats of the event are free.
    FreeCount,
    /// The number of the seat among those of its event, from 1.
    SeatOfEvent,
    /// The status of the answer.
    Status,
    /// A part of the request.
    Part(Part),
}

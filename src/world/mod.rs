//! One run of a model in virtual time: users walk journeys, requests walk endpoints.

//! Authentication over real databases: SQLite in a folder of its own, and PostgreSQL when `CIVITAS_TEST_POSTGRES_URL`
//! names a server on which databases may be made. Time is the test's.

#[cfg(test)]
mod member;
#[cfg(test)]
mod once;
#[cfg(test)]
mod refresh;
#[cfg(test)]
mod service_token;
#[cfg(test)]
mod session;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod throttle;
#[cfg(test)]
mod ticket;
#[cfg(test)]
mod world;

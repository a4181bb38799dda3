//! How a command ends before its time: etcdctl's exit statuses (`pkg/cobrautl`, section 1.2 of the
//! formats reference) and the one line that goes with them.

/// An exit with a status and, mostly, an `Error: ...` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) code: i32,
    /// Printed on standard error after `Error: `, unless it is absent.
    pub(crate) line: Option<String>,
}

impl Exit {
    pub(crate) fn with(code: i32, line: impl ToString) -> Self {
        Exit { code, line: Some(line.to_string()) }
    }

    /// A server error or a timeout: 1.
    pub(crate) fn error(line: impl ToString) -> Self {
        Exit::with(1, line)
    }

    /// No connection to speak of: 2.
    pub(crate) fn bad_connection(line: impl ToString) -> Self {
        Exit::with(2, line)
    }

    /// Input that cannot be read: 3.
    pub(crate) fn bad_input(line: impl ToString) -> Self {
        Exit::with(3, line)
    }

    /// Ended by the server: 5.
    pub(crate) fn interrupted(line: impl ToString) -> Self {
        Exit::with(5, line)
    }

    /// A feature or value that does not exist: 4.
    pub(crate) fn bad_feature(line: impl ToString) -> Self {
        Exit::with(4, line)
    }

    /// Wrong arguments: 128.
    pub(crate) fn bad_args(line: impl ToString) -> Self {
        Exit::with(128, line)
    }

    /// Whatever there was to say has been said.
    pub(crate) fn silent(code: i32) -> Self {
        Exit { code, line: None }
    }
}

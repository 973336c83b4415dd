/** The help texts. */
const EXIT_TEXT = `Exit codes: 0 all good, 1 findings, 2 unusable input.`;

export const HELP = {
  main: `Usage: indelible <command> [options]

Commands:
  audit         Check the rows of a server's database: commits, chains, heads, tree.
  doctor FILE   Check the health of an SQLite store: chains, receipts, writing, room, losses.
  rehearse FILE What an update would make of an exported bundle.
  schema MODULE The event types of an application: for people, or as JSON Schemas.
  serve         Run the sync server, and the app with it.
  verify FILE   Check an exported bundle on its own: no store, no server, no network.

Options:
  --help        Help, also for a command: indelible serve --help
  --version     The version of this software.

${EXIT_TEXT}`,
  serve: `Usage: indelible serve [options]

Runs the sync server until it gets SIGINT or SIGTERM, and prints its address. Events are kept in an embedded PostgreSQL in
the data folder, or in the PostgreSQL that the environment variable DATABASE_URL names.

Options:
  --port N           Port to listen on; 0 lets the system choose. Default: 8042
  --host ADDRESS     Address to listen on. Default: 127.0.0.1, this machine alone. Any other needs --token-file.
  --data DIR         Folder for the database and the server's signing key. Default: data
  --app DIR          Folder of a built app to serve at /.
  --registry MODULE  JavaScript module that exports the study's aggregates: with it the server tells what one is, as devices do.
  --token-file FILE  File with the bearer token that every request must carry: 16 characters or more.
  --name NAME        Name that the server signs receipts under. Devices trust name and key together, so keep it.
  --json             Print one JSON object (url, port, serverKey) and log lines as JSON on standard error.
  --help             This text.

${EXIT_TEXT}`,
  audit: `Usage: indelible audit [options]

Checks what lies in a server's database: every commit as verify does, what is kept beside it, where each chain ends, and
the tree that receipts and checkpoints are made of. Changes nothing. The embedded database is checked while its server is
stopped; the PostgreSQL that the environment variable DATABASE_URL names also while it runs.

Options:
  --data DIR    Folder of the server's database. Default: data
  --json        Print the report as one JSON object.
  --help        This text.

${EXIT_TEXT}`,
  doctor: `Usage: indelible doctor FILE [options]

Checks an SQLite store on its own: whole chains, receipts, that it can be written to, what waits to be sent, the clock,
room on the disk, what was lost. Each check is made by itself; one that fails is a warning. No recorded value is shown.
Writes one small mark into the store to see that it can be written to, and nothing else.

The key is 64 hexadecimal digits. It is read from the file or the environment, never from the command line.

Options:
  --key-file FILE  File with the key.
  --key-env NAME   Variable of the environment with the key. Default: INDELIBLE_KEY
  --known FILE     Where the store remembers this database. Default: FILE.known.json beside it
  --json           Print the report as one JSON object.
  --help           This text.

Exit codes: 0 all well, 1 warnings, 2 could not be checked.`,
  schema: `Usage: indelible schema MODULE [options]

Describes every event type of an application: version, members with their types, and which are protected. MODULE is a
JavaScript module that exports the aggregates, each by itself or in a list.

Options:
  --out FILE    Write to a file instead of standard output.
  --json        JSON Schemas (draft 2020-12) of all event types as one JSON object, instead of Markdown.
  --help        This text.

Exit codes: 0 done, 2 unusable input.`,
  rehearse: `Usage: indelible rehearse FILE --registry MODULE [options]

Reads and folds an exported bundle as the next version of an application would, and says what would fail or change, by
type and count. Shows no recorded value and writes nothing. Protected values are as they are without keys.

Options:
  --registry MODULE  JavaScript module that exports the aggregates of the next version.
  --before MODULE    That of the present version. With it the states of all streams are compared.
  --json             Print the report as one JSON object.
  --help             This text.

Exit codes: 0 nothing would fail or change, 1 something would, 2 unusable input or cancelled.`,
  verify: `Usage: indelible verify FILE [options]

Checks an exported bundle from its bytes alone: every hash, link, signature and receipt, and that nothing is missing.
Names the first faulty event. Lists the electronic signatures with name, meaning, time and state.

Options:
  --server-key KEY   The server's key (name+hash+key), known from elsewhere. Without it receipts are checked with the key
                     that the bundle names itself, and the report says so.
  --sealed-by ID     The replica that must have sealed the bundle, known from elsewhere.
  --signers FILE     Signing keys known from elsewhere, as JSON: {"dr-mayer": ["key id"]}. Of a signer named there no other
                     key counts. Without it electronic signatures are checked with the keys that the bundle enrols.
  --copies FILE      Copies of values that were kept elsewhere, as JSON: [{"event", "path", "salt", "value" or "bytes"}]. Each
                     is proven or disproven by the commitment in its event, also where the value was erased since.
  --json             Print the report as one JSON object.
  --help             This text.

${EXIT_TEXT}`,
} as const;

/**
 * The closed list of health warnings: what each means and what to do. Codes keep their meaning once released;
 * `docs/health.md` says more about each check.
 */
export const HEALTH_TEXT = {
  'health.backlog-growing': {
    means: 'More and more events wait to be sent, and no receipt has come for a while.',
    action: 'Bring the device online and sync. If it is online, look at the last sync error.',
  },
  'health.backlog-old': {
    means: 'Events have been waiting for more than a week. Until they are sent, this device alone holds them.',
    action: 'Bring the device online and sync, or export and keep the file.',
  },
  'health.chain-broken': {
    means: 'A chain in this log has a gap, or a link that does not fit: records are missing or were altered.',
    action: 'Keep the device as it is, run Verify, export, and hand both to the data manager.',
  },
  'health.check-failed': {
    means: 'This check could not be carried out. The others are not affected.',
    action: 'Look at the code it ended with, and check again.',
  },
  'health.check-slow': {
    means: 'This check took longer than it may, and was left.',
    action: 'Check again when the device has less to do.',
  },
  'health.clock-behind': {
    means: 'The device clock is behind the time that the server signed.',
    action: 'Set the clock of the device. What was recorded keeps the time that it was recorded with.',
  },
  'health.clock-differs': {
    means: 'The device clock and the server differed when the newest receipt came.',
    action: 'Set the clock of the device. What was recorded keeps the time that it was recorded with.',
  },
  'health.clock-stepped': {
    means: 'The device clock was set back while the store was open.',
    action: 'Let the device set its clock from the network.',
  },
  'health.events-lost': {
    means: 'This device held events that are not here any more. What the server had confirmed comes back by sync.',
    action: 'Sync until all confirmed events are back. Enter again what was recorded after the last receipt.',
  },
  'health.findings-kept': {
    means: 'Anomalies were found and are kept with their evidence.',
    action: 'Export, and hand the file to the data manager.',
  },
  'health.held-here-only': {
    means: 'A copy of this database went on elsewhere. Events recorded here can never be sent, and stay here alone.',
    action: 'Export, and have the events entered again. Do not copy databases between devices.',
  },
  'health.not-durable': {
    means: 'Records are not on the disk when they are confirmed: a crash of the device can take the newest.',
    action: 'Open the store with strict durability.',
  },
  'health.not-persisted': {
    means: 'The platform may clear this data by itself when the device runs short of room.',
    action: 'Install the page as an app or allow it to store data, and sync often.',
  },
  'health.not-remembered': {
    means: 'Nothing outside the database remembers that it exists: its loss would not be noticed here.',
    action: 'Allow the page to use local storage, or give the store a marker.',
  },
  'health.not-writable': {
    means: 'A small write was not there when it was read back, or was refused. New events could not be recorded.',
    action: 'Look at the code it ended with. Free room, or close other tabs and reload.',
  },
  'health.packing-failed': {
    means: 'Small records could not be packed. Everything is kept; reading gets slower as the log grows.',
    action: 'Look at the code it ended with. Free room, and check again.',
  },
  'health.rebuild-failing': {
    means:
      'The log cannot be folded for the new version of the application: what is shown is what the one before made of it.',
    action: 'Look at the code it ended with. It is tried again every few seconds; what is recorded now is kept.',
  },
  'health.receipt-ahead': {
    means: 'The server has confirmed more events of this replica than the database holds: an older copy was put back.',
    action: 'Sync: the replica is closed, a new one begins, and the missing events come back.',
  },
  'health.receipt-mismatch': {
    means: 'The server has confirmed another event than the one in that place here.',
    action: 'Sync: the replica is closed and a new one begins. Then export and hand the file to the data manager.',
  },
  'health.space-low': {
    means: 'Room for this data is running out.',
    action: 'Free room on the device. Nothing recorded is deleted; a full device refuses new events.',
  },
  'health.sync-failing': {
    means: 'Sync has failed and is not over it yet.',
    action: 'Look at the code of the failure. Recording goes on; nothing is lost.',
  },
} as const;

export type HealthCode = keyof typeof HEALTH_TEXT;

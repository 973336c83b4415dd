/** Words that nothing else has. The page is told them when it is there: its script, which goes over the network, has none. */
export const WORDS = {
  /** Planted where they have to stay secret: in protected fields, as the name of a user of the vault, as a passphrase. */
  secret: { value: 'zq9sealed', user: 'zq9person', passphrase: 'zq9phrase of four words' },
  /** Recorded in a field that is not protected: has to be found wherever events are found, or the search would prove nothing. */
  open: 'zq9clear',
  /** Planted beside the store, in what the browser keeps: has to be found in the profile. */
  beside: 'zq9beside',
};
export type Words = typeof WORDS;

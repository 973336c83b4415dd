type Assertion = {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[] | null;
};
type Report = {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly Assertion[];
  }[];
};
export const failuresIn: (report: Report, root: string) => readonly string[];

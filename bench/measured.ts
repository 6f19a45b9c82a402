/** The runs of one workload by one engine; what run_peer.py prints, too. */
export interface Measured {
  readonly workload: string;
  readonly engine: string;
  readonly version: string;
  readonly seconds: readonly number[];
  readonly peakRssMb: number;
  readonly check: unknown;
}

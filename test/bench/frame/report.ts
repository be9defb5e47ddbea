/** One figure. `baseline` names the case that it is compared with, `ratio` is value / value of that case. */
export interface Figure {
  readonly bench: string
  readonly case: string
  readonly metric: string
  readonly value: number
  readonly unit: string
  readonly baseline?: string
  readonly ratio?: number
}

/** What a bench file exports. */
export interface Bench {
  readonly name: string
  run(report: Report): Promise<void>
}

/** Collects the figures of one bench. */
export class Report {
  readonly figures: Figure[] = []
  readonly #bench: string

  constructor(bench: string) {
    this.#bench = bench
  }

  /** With a baseline, that case's figure of the same metric must have been added before. */
  add(name: string, metric: string, value: number, unit: string, baseline?: string): void {
    const base = baseline === undefined ? undefined : this.figures.find((figure) => figure.case === baseline && figure.metric === metric)
    if (baseline !== undefined && base === undefined) throw new Error(`${this.#bench}: no ${metric} of the baseline ${baseline} yet`)
    const figure = { bench: this.#bench, case: name, metric, value: rounded(value), unit }
    this.figures.push(base === undefined ? figure : { ...figure, baseline: base.case, ratio: rounded(value / base.value) })
  }
}

/** Four digits that mean something are more than a shared machine can promise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

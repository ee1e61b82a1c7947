const width = 0.2;
const bins = 120;
/** Observations lose half of their weight in four weeks. */
const halfLifeHours = 672;
const growth = 2 ** (1 / halfLifeHours);
/** Weights grow instead of old ones shrinking; at this one all are scaled back. */
const largestWeight = 1e6;
/** The highest few peaks and the highest few dozen each give a bound, and the higher one counts: a key that is idle most of the time has two kinds of hours. */
const peakCounts = { least: 6, most: 24 };
/** What is taken for granted: an exponent between that of a normal (1/2) and of an exponential tail (1), with the weight of so many peaks. */
const prior = { exponent: 0.75, peaks: 24 };
const exponentRange = { least: 0.5, most: 1.2 };
/** Peaks lie at least so far out: about 1.2 times the usual amount. */
const smallestPeak = 0.4;
/** So few peaks say little: the bound is wider by this over their root. */
const doubt = 0.5;

/**
 * How far above the usual the hours of a key lie, and the bound that an hour exceeds with a stated probability. Beyond its highest few dozen
 * hours the tail is taken as of Weibull type, q(p) ~ log(1/p)^exponent, which has the normal and the exponential as cases: with scores as
 * logarithms of amounts that is all from lognormal to a power law. The exponent is estimated as by L. Gardes and S. Girard ("Estimation of the
 * Weibull tail-coefficient with linear combination of upper order statistics", 2008: mean log-spacings), leaning on a prior.
 */
export class Tail {
  readonly #bins = new Float32Array(bins);
  #total = 0;
  /** Of hours in use. */
  #active = 0;
  #weight = 1;

  /**
   * @param excess of one hour above what was expected of it; below 0: an hour without a peak
   * @param active whether the key was in use: the tail is that of such hours, for the others say nothing of its form
   */
  add(excess: number, active: boolean): void {
    this.#weight *= growth;
    if (this.#weight > largestWeight) this.#scaleBack();
    this.#total += this.#weight;
    if (!active) return;
    this.#active += this.#weight;
    if (excess <= 0) return;
    const bin = Math.min(bins - 1, Math.floor(excess / width));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + this.#weight;
  }

  /** Excess that an hour has with at most this probability; infinite before the first observation. */
  bound(probability: number): number {
    const observed = this.#active / this.#weight;
    if (observed < 1) return Infinity;
    const ofActive = (probability * this.#total) / this.#active;
    let peaks = 0;
    let spacings = 0;
    let depths = 0;
    let lowest = 0;
    let bound = 0;
    for (let bin = bins - 1; bin >= 0 && peaks < peakCounts.most; bin -= 1) {
      const count = (this.#bins[bin] ?? 0) / this.#weight;
      if (count === 0) continue;
      lowest = bin;
      spacings += count * Math.log((bin + 0.5) * width);
      depths += count * Math.log(depthOf((peaks + count / 2) / observed));
      const wasFew = peaks < peakCounts.least;
      peaks += count;
      if (wasFew && peaks >= peakCounts.least) bound = boundBeyond({ lowest, peaks, spacings, depths, observed, probability: ofActive });
    }
    return Math.max(bound, boundBeyond({ lowest, peaks, spacings, depths, observed, probability }));
  }

  #scaleBack(): void {
    for (const [bin, count] of this.#bins.entries()) this.#bins[bin] = count / this.#weight;
    this.#total /= this.#weight;
    this.#active /= this.#weight;
    this.#weight = 1;
  }
}

interface Peaks {
  /** Bin of the lowest. */
  readonly lowest: number;
  readonly peaks: number;
  /** Sums of the logarithms of excesses, and of their depths. */
  readonly spacings: number;
  readonly depths: number;
  readonly observed: number;
  readonly probability: number;
}

function boundBeyond({ lowest, peaks, spacings, depths, observed, probability }: Peaks): number {
  const edge = (lowest + 0.5) * width;
  const depth = depthOf(Math.max(peaks, 1) / observed);
  const spread = Math.max(0, spacings - peaks * Math.log(edge));
  const run = Math.max(0, depths - peaks * Math.log(depth));
  const exponent = (spread + prior.peaks * prior.exponent * priorRun) / (run + prior.peaks * priorRun);
  const clipped = Math.min(exponentRange.most, Math.max(exponentRange.least, exponent));
  const further = Math.max(1, Math.log(1 / probability) / depth);
  return Math.max(smallestPeak, edge) * further ** clipped * (1 + doubt / Math.sqrt(1 + peaks));
}

/** Mean of a peak's log-depth beyond the threshold's, about, with a month of hours; makes the prior's weight one of peaks. */
const priorRun = 0.25;

/** Of a share of hours: log(1/share), kept off zero. */
function depthOf(share: number): number {
  return Math.max(0.7, Math.log(1 / Math.min(1, share)));
}

/**
 * The blind A/B/X test: draws, tallies, and what they are worth. Pure, but for the dice that are handed in.
 *
 * @typedef {{a: string, b: string, x: "a" | "b", right: number, trials: number, answers: boolean[]}} Test
 */

/**
 * @param {string} a key of the first
 * @param {string} b key of the second
 * @param {() => boolean} toss a fair coin
 * @returns {Test}
 */
export function begin(a, b, toss) {
  return { a, b, x: toss() ? "a" : "b", right: 0, trials: 0, answers: [] };
}

/**
 * Takes an answer, and draws the next X.
 * @param {Test} test
 * @param {"a" | "b"} answer
 * @param {() => boolean} toss
 * @returns {Test}
 */
export function answer(test, answer, toss) {
  const right = answer === test.x;
  return {
    ...test,
    right: test.right + (right ? 1 : 0),
    trials: test.trials + 1,
    answers: [...test.answers, right],
    x: toss() ? "a" : "b",
  };
}

/**
 * How likely at least so many right answers are by guessing alone: the tail of a binomial distribution.
 * @param {number} right
 * @param {number} trials
 * @returns {number} 0 to 1
 */
export function chance(right, trials) {
  if (right <= 0) return 1;
  let log = -trials * Math.LN2;
  let sum = 0;
  for (let index = 0; index <= trials; index += 1) {
    if (index >= right) sum += Math.exp(log);
    log += Math.log(trials - index) - Math.log(index + 1);
  }
  return Math.min(1, sum);
}

/**
 * The tally in words.
 * @param {{right: number, trials: number}} test
 * @returns {string}
 */
export function verdict({ right, trials }) {
  if (!trials) return "No answer yet.";
  const odds = chance(right, trials);
  const share = odds >= 0.995 ? "nearly always" : `in ${percent(odds)} of such tests`;
  const count = `${right} of ${trials} right.`;
  if (trials < 5) return `${count} Too few to tell: go on.`;
  if (odds <= 0.05) return `${count} Guessing would do as well ${share}: you hear a difference.`;
  return `${count} Guessing would do as well ${share}: no difference shown.`;
}

/** @param {number} share @returns {string} */
function percent(share) {
  const value = share * 100;
  return value < 0.1 ? "less than 0.1 %" : `${value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

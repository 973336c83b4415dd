/** The few statistics the bench uses. */
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

/** The value that a share of the numbers does not exceed. */
export const quantile = (numbers, share) => {
  const ordered = sorted(numbers);
  return ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))];
};

export const median = (numbers) => {
  const ordered = sorted(numbers);
  const middle = ordered.length >> 1;
  return ordered.length % 2 === 1 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
};

/** Slope of log(cost) over log(size) by least squares: 0 for a cost that does not grow, 1 for one in proportion. */
export const growthExponent = (points) => {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)]);
  const meanOf = (index) => logs.reduce((sum, point) => sum + point[index], 0) / logs.length;
  const [meanX, meanY] = [meanOf(0), meanOf(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
};

/** Median, least and greatest, rounded for reading. */
export const spread = (numbers) => ({
  figure: round(median(numbers)),
  min: round(Math.min(...numbers)),
  max: round(Math.max(...numbers)),
});

/** Three significant digits or whole numbers. */
export const round = (value) => (Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3)));

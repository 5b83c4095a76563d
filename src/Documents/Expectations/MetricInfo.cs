namespace Orrery.Documents.Expectations;

/// <summary>A metric that expectations may name.</summary>
/// <param name="Name">As expectations write it: <c>gap</c>, <c>attainment</c>.</param>
/// <param name="Kind">What its values measure; <see cref="Quantity.Number"/> for plain numbers.</param>
/// <param name="IsDistribution">Many samples (a function must be taken) or a single number (none may be).</param>
public sealed record MetricInfo(string Name, Quantity Kind, bool IsDistribution);

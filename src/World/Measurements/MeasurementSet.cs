namespace Orrery.World.Measurements;

/// <summary>
/// Measured times of one device, brought into one form whatever file they came from: what profiles are fitted to and judged by. Times are
/// of one device in seconds; shapes are those that one device sees, after any cut over several.
/// </summary>
/// <param name="Device">Catalogue name of the device, or the name in the source where the catalogue lacks it.</param>
/// <param name="Software">Kernels or engine with version, such as <c>vllm-0.24.0</c>; empty when the source does not say.</param>
/// <param name="Source">Project and commit that published the tables.</param>
/// <param name="Licence">Licence of the tables, as an SPDX identifier.</param>
public sealed record MeasurementSet(string Device, string Software, string Source, string Licence)
{
    /// <summary>Folder or file that was read, relative to where the user pointed; names the set in reports.</summary>
    public string Origin { get; init; } = "";

    /// <summary>Model whose layers were measured; empty when shapes were swept freely.</summary>
    public string Model { get; init; } = "";

    public IReadOnlyList<MatrixSample> Matrices { get; init; } = [];

    public IReadOnlyList<VectorSample> Vectors { get; init; } = [];

    public IReadOnlyList<AttentionSample> Attention { get; init; } = [];

    public IReadOnlyList<ExpertSample> Experts { get; init; } = [];

    public IReadOnlyList<CollectiveSample> Collectives { get; init; } = [];

    public IReadOnlyList<PhaseSample> Phases { get; init; } = [];

    /// <summary>What looked wrong in the source and was left out or kept, one sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The same, each with its place; those that name a file of <see cref="Origin"/> have it already.</summary>
    public IEnumerable<string> PlacedWarnings => Warnings.Select(warning => warning.StartsWith(Origin, StringComparison.Ordinal) ? warning : $"{Origin}: {warning}");
}

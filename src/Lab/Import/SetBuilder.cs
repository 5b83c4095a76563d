using Orrery.World.Hardware;
using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>A measurement set while its tables are read.</summary>
/// <param name="spec">The device where the catalogue has it.</param>
/// <param name="empty">What is known before any sample.</param>
internal sealed class SetBuilder(DeviceSpec? spec, MeasurementSet empty)
{
    private readonly Dictionary<string, int> _tallies = new(StringComparer.Ordinal);

    public List<MatrixSample> Matrices { get; } = [];

    public List<VectorSample> Vectors { get; } = [];

    public List<AttentionSample> Attention { get; } = [];

    public List<ExpertSample> Experts { get; } = [];

    public List<CollectiveSample> Collectives { get; } = [];

    public List<PhaseSample> Phases { get; } = [];

    /// <summary>Counts a row that deserves a sentence; the set tells each sentence once, with the count.</summary>
    public void Tally(TableFile file, string sentence) => Warn($"{file.Relative}: {sentence}");

    /// <summary>A sentence about the whole set; repeated, it is counted.</summary>
    public void Warn(string sentence) => _tallies[sentence] = _tallies.GetValueOrDefault(sentence) + 1;

    public MeasurementSet Build()
    {
        MeasurementSet set = empty with
        {
            Matrices = Matrices,
            Vectors = Vectors,
            Attention = [.. Attention.Distinct()],
            Experts = Experts,
            Collectives = Collectives,
            Phases = Phases,
        };
        IEnumerable<string> told = _tallies.Select(tally => tally.Value == 1 ? tally.Key : $"{tally.Key} ({tally.Value} rows)");
        return set with { Warnings = [.. told, .. spec is null ? [] : DataSheetCheck.Warnings(set, spec)] };
    }
}

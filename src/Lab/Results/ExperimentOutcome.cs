using Orrery.Kernel.Experiments;

namespace Orrery.Lab.Results;

/// <summary>What an experiment measured.</summary>
/// <param name="Use">Its name.</param>
/// <param name="Figures">In the order of its table.</param>
/// <param name="Values">By the name of the figure; what does not apply is absent.</param>
/// <param name="Tables">Its curves and plans.</param>
public sealed record ExperimentOutcome(
    string Use, IReadOnlyList<ExperimentFigure> Figures, IReadOnlyDictionary<string, double> Values, IReadOnlyList<ExperimentTable> Tables)
{
    /// <summary>A figure; null where it does not apply.</summary>
    public double? Value(string name) => Values.TryGetValue(name, out double value) ? value : null;
}

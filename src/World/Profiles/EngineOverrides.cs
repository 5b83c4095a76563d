using System.Globalization;
using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>
/// What telemetry of a live server told about its engine besides operators: values that replace those of the engine that a scenario names.
/// Null leaves the engine's own.
/// </summary>
public sealed record EngineOverrides
{
    private const double Nanoseconds = 1e9;

    public static EngineOverrides None { get; } = new();

    /// <inheritdoc cref="EngineProfile.StepCpuSeconds"/>
    public double? StepCpuSeconds { get; init; }

    /// <inheritdoc cref="EngineProfile.SequenceCpuSeconds"/>
    public double? SequenceCpuSeconds { get; init; }

    /// <inheritdoc cref="EngineProfile.StepGapSeconds"/>
    public double? StepGapSeconds { get; init; }

    /// <summary>Memory beside weights, activations and KV, so that the KV blocks are as many as the server reported.</summary>
    public double? RuntimeBytes { get; init; }

    /// <inheritdoc cref="EngineProfile.GraphMaxTokens"/>
    public int? GraphMaxTokens { get; init; }

    /// <summary>The engine with these values in place of its own, under its own name.</summary>
    public EngineProfile Apply(EngineProfile engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        EngineProfile changed = engine with
        {
            StepCpuSeconds = StepCpuSeconds ?? engine.StepCpuSeconds,
            SequenceCpuSeconds = SequenceCpuSeconds ?? engine.SequenceCpuSeconds,
            StepGapSeconds = StepGapSeconds ?? engine.StepGapSeconds,
            GraphMaxTokens = GraphMaxTokens ?? engine.GraphMaxTokens,
        };
        // What a server reported is known, not a share that small devices are spared.
        return RuntimeBytes is { } bytes ? changed with { RuntimeBytes = bytes, RuntimeShareLimit = 1 } : changed;
    }

    /// <summary>Reads what <see cref="Write"/> wrote; every key may be absent.</summary>
    /// <exception cref="Kernel.InputException">A key is unknown or a value out of range; the sentence says where.</exception>
    public static EngineOverrides Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        EngineOverrides read = new()
        {
            StepCpuSeconds = Seconds("stepCpuTime"),
            SequenceCpuSeconds = Seconds("sequenceCpuTime"),
            StepGapSeconds = Seconds("stepGap"),
            RuntimeBytes = map.Has("runtimeMemory") ? map.Quantity("runtimeMemory", Quantity.Bytes) : null,
            GraphMaxTokens = map.Has("graphMaxTokens") ? map.Int("graphMaxTokens", 0, 0, EngineProfile.LargestCapture) : null,
        };
        map.Done();
        return read;

        double? Seconds(string key) => map.Has(key) ? map.Quantity(key, Quantity.Duration, 0, max: 1) : null;
    }

    /// <summary>The keys that replace something; nanoseconds and bytes in whole numbers.</summary>
    public Node Write()
    {
        List<KeyValuePair<string, Node>> entries = [];
        Seconds("stepCpuTime", StepCpuSeconds);
        Seconds("sequenceCpuTime", SequenceCpuSeconds);
        Seconds("stepGap", StepGapSeconds);
        if (RuntimeBytes is { } bytes) entries.Add(new("runtimeMemory", Node.Plain(bytes.ToString("0", CultureInfo.InvariantCulture) + "B")));
        if (GraphMaxTokens is { } tokens) entries.Add(new("graphMaxTokens", Node.Plain(tokens.ToString(CultureInfo.InvariantCulture))));
        return Node.Map(entries);

        void Seconds(string key, double? value)
        {
            if (value is { } seconds) entries.Add(new(key, Node.Plain((seconds * Nanoseconds).ToString("0", CultureInfo.InvariantCulture) + "ns")));
        }
    }
}

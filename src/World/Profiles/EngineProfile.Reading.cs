using Orrery.Documents;

namespace Orrery.World.Profiles;

public sealed partial record EngineProfile
{
    /// <summary>A share of zero would leave no memory to a run time that always needs some.</summary>
    private const double SmallestRuntimeShare = 1e-3;

    internal const int LargestCapture = 1 << 20;

    internal const int LargestCaptureStep = 4096;

    /// <summary>Reads an engine; <c>name</c> and <c>source</c> are required, keys that are absent keep the values of the generic engine.</summary>
    /// <exception cref="Kernel.InputException">A value is unknown or out of range; the sentence says where.</exception>
    public static EngineProfile Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        EngineProfile d = Generic;
        EngineProfile engine = new()
        {
            Name = map.Text("name"),
            Aliases = [.. map.List("aliases").Select(a => a.AsText())],
            Source = map.Text("source"),
            StepCpuSeconds = Seconds("stepCpuTime", d.StepCpuSeconds),
            SequenceCpuSeconds = Seconds("sequenceCpuTime", d.SequenceCpuSeconds),
            PromptTokenCpuSeconds = Seconds("promptTokenCpuTime", d.PromptTokenCpuSeconds),
            PlansAhead = map.Bool("plansAhead", d.PlansAhead),
            StepGapSeconds = Seconds("stepGap", d.StepGapSeconds),
            GraphMaxTokens = map.Int("graphMaxTokens", d.GraphMaxTokens, 0, LargestCapture),
            GraphStepTokens = map.Int("graphStepTokens", d.GraphStepTokens, 1, LargestCaptureStep),
            GraphWideFromTokens = map.Int("graphWideFromTokens", d.GraphWideFromTokens, 1, LargestCapture),
            GraphWideStepTokens = map.Int("graphWideStepTokens", d.GraphWideStepTokens, 1, LargestCaptureStep),
            CollectiveBufferBytes = map.Quantity("collectiveBuffers", Quantity.Bytes, d.CollectiveBufferBytes),
            RuntimeBytes = map.Quantity("runtimeMemory", Quantity.Bytes, d.RuntimeBytes),
            RuntimeShareLimit = map.Number("runtimeShareLimit", d.RuntimeShareLimit, SmallestRuntimeShare, 1),
        };
        map.Done();
        return engine;

        double Seconds(string key, double fallback) => map.Quantity(key, Quantity.Duration, fallback, max: 1);
    }
}

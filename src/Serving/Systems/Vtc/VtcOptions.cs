using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.Vtc;

/// <summary>What a client is charged for.</summary>
public enum Charging
{
    /// <summary>Output tokens as they are generated (VTC).</summary>
    Generated,

    /// <summary>The predicted output at admission, corrected later (VTC-predict; VTC-oracle with the exact predictor).</summary>
    Predicted,
}

/// <summary>The price of a request of x prompt and y output tokens.</summary>
public enum CostFunction
{
    /// <summary>w_in·x + w_out·y.</summary>
    Weighted,

    /// <summary>h(x, y) = 0.210x + 0.1008y + 0.00399xy + 0.00325y² + 1.146, fitted by the authors on an A10G.</summary>
    Profiled,
}

/// <summary>Which client is served next.</summary>
public enum ServiceOrder
{
    /// <summary>The smallest counter: fair.</summary>
    Counter,

    /// <summary>The oldest request: first come, first served in the same engine, the paper's baseline.</summary>
    Arrival,
}

/// <summary>Options of the virtual token counter and of its variants: <c>lift: false</c> is LCF, <c>order: arrival</c> with a limit is RPM.</summary>
public sealed record VtcOptions : SchedulerSpec
{
    /// <summary>Price of a prompt token, w_in (VTC artifact, b).</summary>
    public const double DefaultInputWeight = 1;

    /// <summary>Price of an output token, w_out (VTC artifact, b).</summary>
    public const double DefaultOutputWeight = 2;

    /// <summary>Running sequences (as vLLM v0, our choice, d).</summary>
    public const int DefaultSequences = 256;

    /// <summary>The prompt budget is at least this (as vLLM v0, our choice, d).</summary>
    public const int LeastBatchedTokens = 2048;

    private const double HighestWeight = 10_000;

    public static readonly OptionSet<VtcOptions> Set = new OptionSet<VtcOptions>()
        .Number("inputWeight", o => o.InputWeight, (o, v) => o with { InputWeight = v },
            "w_in, price of a prompt token, kept to five decimals", "VTC artifact (b)", max: HighestWeight)
        .Number("outputWeight", o => o.OutputWeight, (o, v) => o with { OutputWeight = v },
            "w_out, price of an output token, kept to five decimals", "VTC artifact (b)", max: HighestWeight)
        .Text("clientWeights", o => o.ClientWeights, (o, v) => o with { ClientWeights = v },
            "weights of clients 0, 1, …, separated by commas: twice the weight, twice the service; clients beyond the list have 1", "VTC paper (b)")
        .Bool("lift", o => o.Lift, (o, v) => o with { Lift = v },
            "raises the counter of a client that comes back to the smallest of the other queued clients; false is the variant LCF", "VTC artifact (b)")
        .Choice<Charging>("charge", o => o.Charge, (o, v) => o with { Charge = v },
            "generated, or predicted: the predicted output at admission, corrected later (without a prediction as generated)", "VTC artifact (b)")
        .Choice<CostFunction>("cost", o => o.Cost, (o, v) => o with { Cost = v },
            "weighted, or profiled: the authors' fitted h(x, y)", "VTC artifact (b)")
        .Choice<ServiceOrder>("order", o => o.Order, (o, v) => o with { Order = v },
            "counter, or arrival: first come, first served under the same memory test", "VTC artifact (b)")
        .OptionalInt("requestsPerMinute", o => o.RequestsPerMinute, (o, v) => o with { RequestsPerMinute = v },
            "holds what a client sends beyond so many admissions in a minute until the next; null: no limit", "VTC artifact (b)")
        .Int("maxSequences", o => o.MaxSequences, (o, v) => o with { MaxSequences = v }, "most running sequences", "our choice (d), as vLLM v0")
        .OptionalInt("maxBatchedTokens", o => o.MaxBatchedTokens, (o, v) => o with { MaxBatchedTokens = v },
            "most prompt tokens of one step; longer prompts are refused; null: the larger of 2048 and the model's limit", "our choice (d), as vLLM v0");

    public double InputWeight { get; init; } = DefaultInputWeight;

    public double OutputWeight { get; init; } = DefaultOutputWeight;

    public string ClientWeights { get; init; } = "";

    public bool Lift { get; init; } = true;

    public Charging Charge { get; init; } = Charging.Generated;

    public CostFunction Cost { get; init; } = CostFunction.Weighted;

    public ServiceOrder Order { get; init; } = ServiceOrder.Counter;

    public int? RequestsPerMinute { get; init; }

    public int MaxSequences { get; init; } = DefaultSequences;

    public int? MaxBatchedTokens { get; init; }

    public override int MaxStepTokens(ReplicaFacts facts) => MaxBatchedTokens ?? Math.Max(LeastBatchedTokens, facts.MaxModelTokens);

    /// <exception cref="InputException">The client weights are not positive numbers.</exception>
    public override IScheduler Create(ReplicaFacts facts) => new Vtc(this, new(MaxStepTokens(facts), MaxSequences));

    /// <exception cref="InputException">The client weights are not positive numbers.</exception>
    internal double[] ReadClientWeights()
    {
        if (ClientWeights.Length == 0) return [];
        return [.. ClientWeights.Split(',').Select(ReadWeight)];
    }

    private double ReadWeight(string text) =>
        double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) && weight > 0 && double.IsFinite(weight)
            ? weight
            : throw new InputException(
                $"vtc: clientWeights '{ClientWeights}' must be positive numbers separated by commas, such as '1, 2, 0.5'; '{text.Trim()}' is none");
}

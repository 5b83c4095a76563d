using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Traffic.Specs;

namespace Orrery.Lab.Studies;

/// <summary>How the rate of a scenario's traffic is set: by <c>traffic.rate</c>, or by <c>traffic.speed</c> where a trace is played.</summary>
/// <param name="Path">The key.</param>
/// <param name="StartRate">Requests per second of the scenario as it stands.</param>
/// <param name="RateAtOne">Rate of a trace at speed 1; zero for a generator.</param>
internal sealed record RateKnob(string Path, double StartRate, double RateAtOne)
{
    /// <summary>Null when the measuring run was interrupted.</summary>
    /// <exception cref="InputException">The traffic has no rate of its own.</exception>
    public static RateKnob? Of(Node tree, Scenario scenario, CapacitySettings settings)
    {
        Node traffic = tree["traffic"]!;
        if (scenario.Traffic is ClosedLoopSpec)
            throw traffic.Error("closed-loop clients set their own rate; a capacity needs open traffic, such as generator: poisson or a file");
        if (traffic["rate"] is { } rate) return new("traffic.rate", rate.AsQuantity(Quantity.Rate), 0);
        RunRecord run = Simulation.RunRecorded(scenario, new() { FastForward = settings.FastForward, Cancel = settings.Cancel });
        if (run.Result.IsPartial) return null;
        double measured = ArrivalRate(run) ?? throw traffic.Error("the traffic has too few requests to have a rate; give a longer one");
        if (scenario.Traffic is not TraceSpec trace) return new("traffic.rate", measured, 0);
        return new("traffic.speed", measured, measured / trace.Options.Speed);
    }

    public Node Apply(Node tree, double rate) => RateAtOne > 0
        ? Overrides.Apply(tree, $"{Path}={Text(rate / RateAtOne)}")
        : Overrides.Apply(tree, $"{Path}={Text(rate)}/s");

    private static string Text(double value) => value.ToString("0.#################", CultureInfo.InvariantCulture);

    private static double? ArrivalRate(RunRecord run)
    {
        foreach (TimelineRow row in run.Series.Timeline)
            if (row.Arrived == run.Result.Requests.Arrived && row is { Arrived: > 1, Seconds: > 0 }) return row.Arrived / row.Seconds;
        return null;
    }
}

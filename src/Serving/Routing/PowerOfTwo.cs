using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Routing;

/// <summary>Options of the power of two choices.</summary>
public sealed record PowerOfTwoOptions : RouterSpec
{
    public static readonly OptionSet<PowerOfTwoOptions> Set = new OptionSet<PowerOfTwoOptions>()
        .Choice<LoadMeasure>("load", o => o.Load, (o, v) => o with { Load = v }, "what is compared: requests or tokens", "our choice (d)");

    public LoadMeasure Load { get; init; } = LoadMeasure.Requests;

    public override IRouter Create(RandomStream random) => new PowerOfTwo(random, Load);
}

/// <summary>
/// Draws two different replicas per request and takes the less loaded, the first drawn on a tie (Mitzenmacher 2001): nearly as good as
/// the shortest queue while only two replicas are asked.
/// </summary>
public sealed class PowerOfTwo(RandomStream random, LoadMeasure load) : IRouter
{
    public int Choose(Sequence sequence, IFleetView fleet)
    {
        int count = fleet.Count;
        if (count == 1) return 0;
        int first = (int)(random.Keyed(sequence.Id, 0) * count);
        int second = (int)(random.Keyed(sequence.Id, 1) * (count - 1));
        if (second >= first) second++;
        return Loads.Of(fleet, second, load) < Loads.Of(fleet, first, load) ? second : first;
    }
}

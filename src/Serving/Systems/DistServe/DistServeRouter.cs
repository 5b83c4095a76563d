using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Serving.Routing;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.DistServe;

/// <summary>Options of DistServe's dispatch: none.</summary>
public sealed record DistServeRouterOptions : RouterSpec
{
    public static readonly OptionSet<DistServeRouterOptions> Set = new();

    public override IRouter Create(RandomStream random) => new DistServeRouter();
}

/// <summary>
/// DistServe's dispatch (Zhong et al., OSDI 2024; b): a prompt goes to the instance with the fewest requests queued or in progress, a
/// request whose prompt is done to the decode instance with the fewest queued. Ties: the fewest running, then the first (d).
/// </summary>
public sealed class DistServeRouter : IRouter
{
    public int Choose(Sequence sequence, IFleetView fleet) => Least(fleet, static report => ((long)report.Waiting + report.Running) << 32);

    public int ChooseDecode(Sequence sequence, IFleetView decoders) => Least(decoders, static report => ((long)report.Waiting << 32) + report.Running);

    private static int Least(IFleetView fleet, Func<ReplicaReport, long> measure)
    {
        int best = 0;
        long least = long.MaxValue;
        for (int i = 0; i < fleet.Count; i++)
        {
            long load = measure(fleet.Report(i));
            if (load >= least) continue;
            least = load;
            best = i;
        }
        return best;
    }
}

using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Traffic.Generators.Marks;
using Orrery.Traffic.Generators.Sources;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Specs;

/// <summary>An offline job over shared documents, all at time zero.</summary>
public sealed record JobSpec : TrafficSpec
{
    internal const string Generator = "shared-prefix-job";

    public required SharedPrefixJob Job { get; init; }

    public RequestMarks Marks { get; init; } = RequestMarks.None;

    public required TrafficBudget Budget { get; init; }

    public override ITrafficSource Open(RandomStream random) => new SharedPrefixJobSource(Job, Marks, Budget, random);

    internal static JobSpec Read(MapReader map)
    {
        Node degree = map.Required("degree");
        int documents = map.Required("documents").AsInt(1, SharedPrefixJobSource.MostRequests);
        IDistribution degrees = DistributionReader.ReadTokens(degree);
        if (documents * degrees.Mean > SharedPrefixJobSource.MostRequests)
            throw degree.Error(FormattableString.Invariant($"the job has more than {SharedPrefixJobSource.MostRequests} requests; lower 'documents' or 'degree'"));
        return new()
        {
            Name = Generator,
            Job = new()
            {
                Documents = documents,
                Degree = degrees,
                PrefixTokens = DistributionReader.ReadTokens(map.Required("prefix")),
                Lengths = LengthReader.Read(map),
                Order = map.Choice("order", JobOrder.Shuffled),
            },
            Marks = MarkReader.ReadWithoutCalls(map),
            // A job ends with its last request; a budget only shortens it.
            Budget = map.Has("requests") || map.Has("duration") ? ReadBudget(map) : new(null, Kernel.Time.Duration.Infinite),
        };
    }
}

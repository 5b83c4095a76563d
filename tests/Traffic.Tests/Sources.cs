using System.IO.Compression;
using System.Text;
using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Testing.Traffic;
using Orrery.Traffic.Description;
using Orrery.Traffic.Readers;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;

namespace Orrery.Traffic.Tests;

/// <summary>Short ways to traffic for the tests.</summary>
internal static class Sources
{
    internal static TraceSource Trace(string text, TraceOptions? options = null) => Trace(Encoding.UTF8.GetBytes(text), options);

    internal static TraceSource Trace(byte[] bytes, TraceOptions? options = null) =>
        TraceSource.Open(() => new MemoryStream(bytes), "trace.csv", options);

    internal static byte[] Gzip(string text)
    {
        using var target = new MemoryStream();
        using (var zip = new GZipStream(target, CompressionLevel.Fastest)) zip.Write(Encoding.UTF8.GetBytes(text));
        return target.ToArray();
    }

    internal static List<Request> All(ITrafficSource source, double latencySeconds = 1)
    {
        var requests = new List<Request>();
        using (source) SourceDrain.ForEach(source, Duration.FromSeconds(latencySeconds), requests.Add);
        return requests;
    }

    internal static List<Request> Drain(this TraceBuilder builder) => All(builder.Build());

    internal static TrafficSpec Spec(string yaml, string folder = "") => TrafficSpec.Read(Document.Parse(yaml, "scenario.yaml"), folder);

    internal static List<Request> Generate(string yaml, ulong seed = 1) => All(Spec(yaml).Open(RandomStream.Root(seed)));

    internal static TrafficDescription Describe(string yaml, ulong seed = 1)
    {
        using ITrafficSource source = Spec(yaml).Open(RandomStream.Root(seed));
        return TrafficDescription.Of(source, Duration.FromSeconds(1));
    }

    /// <summary>Everything that a reader of the requests could see, as text: equal texts mean equal traffic.</summary>
    internal static string Text(Request r) => string.Join(
        "|", r.Id, r.Arrival.Nanoseconds, r.PromptTokens, r.OutputTokens, r.Label, r.Client, r.Priority, r.Adapter, r.Session, r.MaxTokens, r.TtftLimit.Nanoseconds, r.TpotLimit.Nanoseconds,
        r.Timeout.Nanoseconds, r.CancelAfter.Nanoseconds, r.OutputContentId, string.Join(";", r.Content ?? []),
            string.Join(";", r.Calls ?? []));
}

using System.Globalization;

namespace Orrery.Serving.Planning.Published;

/// <summary>How the devices of a group serve one model.</summary>
/// <param name="Prefill">Tensor degree and pipeline stages of the prefill instance; of every instance where <paramref name="Decode"/> is null.</param>
/// <param name="Decode">The same of the decode instance; null: instances run both phases.</param>
/// <param name="Prefills">Prefill instances of the group.</param>
/// <param name="Decodes">Decode instances of the group.</param>
public sealed record SplitPlacement(Cut Prefill, Cut? Decode, int Prefills = 1, int Decodes = 1)
{
    public int Devices => (Prefills * Prefill.Devices) + (Decode is { } decode ? Decodes * decode.Devices : 0);

    public override string ToString() => Decode is { } decode
        ? string.Create(CultureInfo.InvariantCulture, $"{Prefills} x {Prefill} + {Decodes} x {decode}")
        : string.Create(CultureInfo.InvariantCulture, $"{Prefills} x {Prefill}");
}

/// <summary>Tensor degree and pipeline stages of an instance.</summary>
public readonly record struct Cut(int Tensor, int Pipeline)
{
    public int Devices => Tensor * Pipeline;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"TP{Tensor}·PP{Pipeline}");
}

/// <summary>Which cuts DistServe's algorithms look at.</summary>
public static class SplitCuts
{
    /// <summary>Divisors of the heads times divisors of the layers, up to so many devices.</summary>
    public static IEnumerable<Cut> Within(int heads, int layers, int devices) =>
        from tensor in Divisors(heads)
        where tensor <= devices
        from pipeline in Divisors(layers)
        where tensor * pipeline <= devices
        select new Cut(tensor, pipeline);

    /// <summary>
    /// DistServe's algorithm for nodes with a slow network between them (b): prefill and decode have the same pipeline segments, one of each in
    /// every node, so that KV moves within nodes. For every number of segments over nodes, and every cut of both within a node.
    /// </summary>
    public static IEnumerable<SplitPlacement> InNodes(int heads, int layers, int nodes, int devicesPerNode)
    {
        foreach (int segments in Divisors(layers))
        {
            if (segments > nodes) yield break;
            foreach (Cut prefill in Within(heads, layers, devicesPerNode))
            {
                if (layers % (segments * prefill.Pipeline) != 0) continue;
                foreach (Cut decode in Within(heads, layers, devicesPerNode - prefill.Devices))
                {
                    if (layers % (segments * decode.Pipeline) != 0 || segments * (prefill.Devices + decode.Devices) > nodes * devicesPerNode) continue;
                    yield return new(prefill with { Pipeline = segments * prefill.Pipeline }, decode with { Pipeline = segments * decode.Pipeline });
                }
            }
        }
    }

    private static IEnumerable<int> Divisors(int number) => Enumerable.Range(1, number).Where(divisor => number % divisor == 0);
}

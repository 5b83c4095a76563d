using Orrery.Documents;
using Orrery.Traffic.Generators.Lengths;

namespace Orrery.Traffic.Specs;

/// <summary>
/// Length models as scenarios write them: <c>prompt:</c> and <c>output:</c>, or <c>lengths:</c> with an output curve per bin of the
/// prompt.
/// </summary>
internal static class LengthReader
{
    internal static ILengthModel Read(MapReader map, string joint = "lengths", string prompt = "prompt", string output = "output")
    {
        Node? together = map.Optional(joint);
        if (together is null) return new IndependentLengths(DistributionReader.ReadTokens(map.Required(prompt)),
            DistributionReader.ReadTokens(map.Required(output)));
        // The scenario's own lengths win over those of a fitted generator.
        if (map.Has(prompt) && map.Has(output)) return new IndependentLengths(DistributionReader.ReadTokens(map.Required(prompt)),
            DistributionReader.ReadTokens(map.Required(output)));
        if (map.Optional(prompt) is { } one)
            throw one.Error($"'{prompt}' and '{output}' go together: give both, or neither to keep '{joint}'");
        if (map.Optional(output) is { } other)
            throw other.Error($"'{prompt}' and '{output}' go together: give both, or neither to keep '{joint}'");
        return ReadJoint(together);
    }

    internal static JointLengths ReadJoint(Node node)
    {
        MapReader map = node.AsMap();
        Node levels = map.Required("levels");
        QuantileCurve prompt = DistributionReader.Curve(map.Optional("promptLevels") ?? levels, map.Required("prompt"), v => v.AsNumber(1));
        Node outputs = map.Required("outputByPromptBin");
        QuantileCurve[] bins = [.. outputs.AsList().Select(row => DistributionReader.Curve(levels, row, v => v.AsNumber(1)))];
        map.Done();
        return bins.Length > 0 ? new JointLengths(prompt, bins) : throw outputs.Error("needs at least one row of output quantiles");
    }
}

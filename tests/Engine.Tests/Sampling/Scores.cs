using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Sampling;

/// <summary>Scores of several shapes, from seeds.</summary>
internal static class Scores
{
    public static readonly string[] Shapes = ["flat", "peaked", "ties", "allEqual", "masked", "steep", "huge", "twoLevels"];

    public static float[] Make(string shape, int count, ulong seed)
    {
        RandomStream random = RandomStream.Root(seed).Split(shape);
        var scores = new float[count];
        for (int i = 0; i < count; i++)
        {
            double normal = Normal(random);
            scores[i] = (float)(shape switch
            {
                "flat" => normal,
                "peaked" => Math.Pow(random.NextPositive(), -0.3) * 4,
                "ties" => random.NextInt(5),
                "allEqual" => 1.5,
                "masked" => random.NextInt(3) == 0 ? normal * 3 : double.NegativeInfinity,
                "steep" => -i * 0.7,
                "huge" => normal * 1e4,
                "twoLevels" => random.NextInt(10) == 0 ? 2 + (normal * 1e-6) : -40 + normal,
                _ => throw new ArgumentException(shape),
            });
        }
        if (shape == "masked") scores[random.NextInt(count)] = 0.25f;
        return scores;
    }

    public static double Normal(RandomStream random) =>
        Math.Sqrt(-2 * Math.Log(random.NextPositive())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

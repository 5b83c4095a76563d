using FsCheck;
using FsCheck.Fluent;

namespace Orrery.Engine.Tests.Tokenizers;

/// <summary>Runs a property on generated values from a fixed seed, so that a failure repeats.</summary>
internal static class Properties
{
    private const ulong Seed = 20240607;
    private const ulong Gamma = 9;

    public static void Check<T>(Gen<T> values, Func<T, bool> holds, int tests = 100) =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(tests).WithReplay(Seed, Gamma).WithQuietOnSuccess(true),
            Prop.ForAll(values.ToArbitrary(), holds));
}

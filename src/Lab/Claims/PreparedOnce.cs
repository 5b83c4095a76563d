using Orrery.Documents;
using Orrery.Lab.Runs;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Claims;

/// <summary>What a run of a claim depends on, without reading its scenario.</summary>
/// <param name="Scenario">Compared as an object: claims of a file share it unless they change it.</param>
/// <param name="Cell">Likewise.</param>
internal readonly record struct PreparedPlace(RunWindow? Window, Node Scenario, ClaimCell Cell, string Place, ulong? Seed);

/// <summary>Reads a scenario once where several claims of a file ask for the same run: on a grid, reading takes longer than running.</summary>
internal sealed class PreparedOnce
{
    private readonly Dictionary<PreparedPlace, PreparedRun> _known = new(new SameObjects());

    public PreparedRun Get(PreparedPlace place, Func<PreparedRun> read)
    {
        if (!_known.TryGetValue(place, out PreparedRun? run)) _known[place] = run = read();
        return run;
    }

    private sealed class SameObjects : IEqualityComparer<PreparedPlace>
    {
        public bool Equals(PreparedPlace x, PreparedPlace y) =>
            x.Place == y.Place && x.Seed == y.Seed && x.Window == y.Window && ReferenceEquals(x.Scenario, y.Scenario) && ReferenceEquals(x.Cell, y.Cell);

        public int GetHashCode(PreparedPlace place) => HashCode.Combine(place.Place, place.Seed);
    }
}

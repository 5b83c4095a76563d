namespace Orrery.Serving.Chains;

/// <summary>What travels: one prompt, or the tokens of one batch for the same end.</summary>
public sealed partial class ChainRun
{
    private readonly Stack<Parcel> _spare = new();
    private readonly List<Parcel> _gathered = [];

    private void Alone(int from, int to, Pass pass, long bytes)
    {
        Parcel parcel = NewParcel(to);
        parcel.Passes.Add(pass);
        _network.Send(from, to, bytes, parcel);
    }

    private void Gather(int from, int to, Pass pass, int bytes)
    {
        Parcel? parcel = null;
        foreach (Parcel other in _gathered)
        {
            if (other.To != to) continue;
            parcel = other;
            break;
        }
        if (parcel is null)
        {
            parcel = NewParcel(to);
            _gathered.Add(parcel);
        }
        parcel.Passes.Add(pass);
        parcel.Bytes += bytes;
    }

    private void SendGathered(int from)
    {
        foreach (Parcel parcel in _gathered) _network.Send(from, parcel.To, parcel.Bytes, parcel);
        _gathered.Clear();
    }

    private Parcel NewParcel(int to)
    {
        Parcel parcel = _spare.TryPop(out Parcel? spare) ? spare : new Parcel(this);
        parcel.To = to;
        parcel.Bytes = 0;
        return parcel;
    }

    private void Arrive(Parcel parcel)
    {
        if (parcel.To < 0)
        {
            Receive(parcel);
        }
        else
        {
            ChainHost host = _hosts[parcel.To];
            foreach (Pass pass in parcel.Passes)
            {
                if (!pass.IsStale) host.Enqueue(pass);
            }
            host.Wake();
        }
        parcel.Passes.Clear();
        _spare.Push(parcel);
    }

    private sealed class Parcel(ChainRun run) : IParcel
    {
        public readonly List<Pass> Passes = [];
        public int To;
        public long Bytes;

        public void Arrived() => run.Arrive(this);
    }
}

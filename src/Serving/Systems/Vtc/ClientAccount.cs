using Orrery.Serving.Scheduling;

namespace Orrery.Serving.Systems.Vtc;

/// <summary>One client: its queue, first come first, and its counter c_u.</summary>
public sealed class ClientAccount(int client, double weight)
{
    /// <summary>What lifts have added to the charges.</summary>
    private double _lifted;

    private long _minute = -1;
    private int _admittedInMinute;

    public int Client { get; } = client;

    public WaitingQueue Queue { get; } = new(byPriority: false);

    /// <summary>Charges in units of <see cref="ServicePrice"/>.</summary>
    public long Charged { get; set; }

    /// <summary>c_u: service received over weight, and what lifts added.</summary>
    public double Counter => _lifted + Charged / ServicePrice.UnitsPerPrice / weight;

    /// <summary>c_u := max(c_u, floor).</summary>
    public void LiftTo(double floor)
    {
        double counter = Counter;
        if (floor > counter) _lifted += floor - counter;
    }

    public int AdmittedIn(long minute) => minute == _minute ? _admittedInMinute : 0;

    public void CountAdmission(long minute)
    {
        _admittedInMinute = AdmittedIn(minute) + 1;
        _minute = minute;
    }
}

"""Who answers; the only room that speaks HTTP."""

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

interface IERC20 {
    function balanceOf(address account) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// @title StakingRewards pays a token to those who lock another one.
/// @dev An example for tests; it has faults on purpose. Never deploy it.
contract StakingRewards {
    struct Stake {
        uint128 shares;
        uint64 lockedUntil;
        uint256 rewardPerSharePaid;
    }

    uint256 private constant PRECISION = 1e18;
    uint256 public constant MINIMUM_LOCK = 7 days;

    IERC20 public immutable stakingToken;
    IERC20 public immutable rewardToken;
    address public governance;
    address public pendingGovernance;

    uint256 public rewardRate;
    uint256 public periodFinish;
    uint256 public lastUpdate;
    uint256 public rewardPerShareStored;
    uint256 public totalStaked;
    bool public halted;

    mapping(address => Stake) public stakes;
    mapping(address => uint256) public accrued;
    mapping(address => bool) public isDistributor;

    event Staked(address indexed account, uint256 amount, uint64 lockedUntil);
    event Unstaked(address indexed account, uint256 amount);
    event RewardPaid(address indexed account, uint256 reward);
    event RewardAdded(uint256 reward, uint256 duration);
    event Halted(bool state);

    error StillLocked(uint64 until);
    error NothingStaked();
    error NotGovernance(address caller);

    modifier onlyGovernance() {
        if (msg.sender != governance) {
            revert NotGovernance(msg.sender);
        }
        _;
    }

    modifier updateReward(address account) {
        rewardPerShareStored = rewardPerShare();
        lastUpdate = lastTimeApplicable();
        if (account != address(0)) {
            accrued[account] = earned(account);
            stakes[account].rewardPerSharePaid = rewardPerShareStored;
        }
        _;
    }

    constructor(IERC20 staking, IERC20 reward, address firstGovernance) {
        stakingToken = staking;
        rewardToken = reward;
        governance = firstGovernance;
    }

    function lastTimeApplicable() public view returns (uint256) {
        return block.timestamp < periodFinish ? block.timestamp : periodFinish;
    }

    function rewardPerShare() public view returns (uint256) {
        if (totalStaked == 0) {
            return rewardPerShareStored;
        }
        uint256 elapsed = lastTimeApplicable() - lastUpdate;
        // Rounds down; the rest stays in the contract for ever.
        return rewardPerShareStored + (elapsed * rewardRate * PRECISION) / totalStaked;
    }

    function earned(address account) public view returns (uint256) {
        Stake storage position = stakes[account];
        uint256 delta = rewardPerShare() - position.rewardPerSharePaid;
        return (uint256(position.shares) * delta) / PRECISION + accrued[account];
    }

    /// @notice Locks tokens of the caller.
    /// @param amount how many
    /// @param lockFor for how many seconds
    function stake(uint256 amount, uint256 lockFor) external updateReward(msg.sender) {
        require(!halted, "StakingRewards: halted");
        require(amount > 0, "StakingRewards: zero amount");
        require(lockFor >= MINIMUM_LOCK, "StakingRewards: lock too short");

        uint256 balanceBefore = stakingToken.balanceOf(address(this));
        stakingToken.transferFrom(msg.sender, address(this), amount);
        uint256 received = stakingToken.balanceOf(address(this)) - balanceBefore;

        Stake storage position = stakes[msg.sender];
        position.shares += uint128(received);
        position.lockedUntil = uint64(block.timestamp + lockFor);
        totalStaked += received;

        emit Staked(msg.sender, received, position.lockedUntil);
    }

    function unstake(uint256 amount) public updateReward(msg.sender) {
        Stake storage position = stakes[msg.sender];
        if (position.shares == 0) revert NothingStaked();
        if (block.timestamp < position.lockedUntil) {
            revert StillLocked(position.lockedUntil);
        }
        position.shares -= uint128(amount);
        totalStaked -= amount;
        bool success = stakingToken.transfer(msg.sender, amount);
        require(success);
        emit Unstaked(msg.sender, amount);
    }

    function claim() public updateReward(msg.sender) returns (uint256 reward) {
        reward = accrued[msg.sender];
        if (reward > 0) {
            rewardToken.transfer(msg.sender, reward);
            accrued[msg.sender] = 0;
            emit RewardPaid(msg.sender, reward);
        }
    }

    function exit() external {
        unstake(stakes[msg.sender].shares);
        claim();
    }

    /// @notice Starts a period, or adds to the one that runs.
    function notifyReward(uint256 reward, uint256 duration)
        external
        updateReward(address(0))
    {
        require(isDistributor[msg.sender], "StakingRewards: not a distributor");
        if (block.timestamp >= periodFinish) {
            rewardRate = reward / duration;
        } else {
            uint256 remaining = periodFinish - block.timestamp;
            uint256 leftover = remaining * rewardRate;
            rewardRate = (reward + leftover) / duration;
        }
        // The whole balance is compared, though a part of it is owed already.
        uint256 available = rewardToken.balanceOf(address(this));
        require(rewardRate <= available / duration, "StakingRewards: reward too high");

        lastUpdate = block.timestamp;
        periodFinish = block.timestamp + duration;
        emit RewardAdded(reward, duration);
    }

    function setDistributor(address distributor, bool allowed) external onlyGovernance {
        isDistributor[distributor] = allowed;
    }

    function setHalted(bool state) external onlyGovernance {
        halted = state;
        emit Halted(state);
    }

    function proposeGovernance(address next) external onlyGovernance {
        pendingGovernance = next;
    }

    function acceptGovernance() external {
        require(msg.sender == pendingGovernance, "StakingRewards: not pending");
        governance = pendingGovernance;
        pendingGovernance = address(0);
    }

    function recoverToken(IERC20 token, uint256 amount) external onlyGovernance {
        require(token != stakingToken, "StakingRewards: staked token");
        token.transfer(governance, amount);
    }
}
